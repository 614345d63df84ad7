#compdef torchlm
# Completion of torchlm in zsh. Install it once, then open a new shell:
#   mkdir -p ~/.zsh/completions
#   torchlm completion zsh > ~/.zsh/completions/_torchlm
# with this in ~/.zshrc: fpath=(~/.zsh/completions $fpath); autoload -U compinit; compinit
_torchlm() {
    local rest="${(j: :)${(@)words[2,CURRENT]}}"
    [[ -z $rest ]] && rest=" "
    local -a suggestions settings
    suggestions=("${(@f)$("${words[1]}" "[suggest:${#rest}]" "$rest" 2> /dev/null)}")
    suggestions=("${(@)suggestions:#}")
    if (( ${#suggestions} == 0 )); then
        _files
        return
    fi
    settings=("${(@M)suggestions:#*=}")
    suggestions=("${(@)suggestions:#*=}")
    (( ${#settings} )) && compadd -S '' -- "${settings[@]}"
    (( ${#suggestions} )) && compadd -- "${suggestions[@]}"
}
if [[ $funcstack[1] == _torchlm ]]; then _torchlm "$@"; else compdef _torchlm torchlm; fi
