# Completion of torchlm in bash. Install it once, then open a new shell:
#   mkdir -p ~/.local/share/bash-completion/completions
#   torchlm completion bash > ~/.local/share/bash-completion/completions/torchlm
# or, for this shell alone: source <(torchlm completion bash)
_torchlm() {
    # The program completes what stands behind its name; the name may be a path.
    local line="${COMP_LINE:0:COMP_POINT}" program="${COMP_WORDS[0]}"
    local before="${line%%"$program"*}"
    local rest="${line:$((${#before} + ${#program}))}"
    rest="${rest#"${rest%%[![:space:]]*}"}"
    [[ -z $rest ]] && rest=" "
    local word="${line##*[[:space:]]}" suggestion
    local -a starting=() containing=()
    while IFS= read -r suggestion; do
        suggestion="${suggestion%$'\r'}"
        if [[ $suggestion == "$word"* ]]; then starting+=("$suggestion"); else containing+=("$suggestion"); fi
    done < <("$program" "[suggest:${#rest}]" "$rest" 2> /dev/null)

    # What only holds the word somewhere ("layerC") replaces it when there is one alone.
    COMPREPLY=("${starting[@]}")
    if [[ ${#starting[@]} -eq 0 && ${#containing[@]} -eq 1 ]]; then COMPREPLY=("${containing[@]}"); fi
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then compopt -o nospace 2> /dev/null; fi

    # bash takes what stands before a = or : for a word of its own.
    local split="${word%"${word##*[=:]}"}" i
    if [[ -n $split ]]; then
        for i in "${!COMPREPLY[@]}"; do COMPREPLY[i]="${COMPREPLY[i]#"$split"}"; done
    fi
}
complete -o default -F _torchlm torchlm
