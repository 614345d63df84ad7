# Completion of torchlm in fish. Install it once:
#   torchlm completion fish > ~/.config/fish/completions/torchlm.fish
function __torchlm_complete
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set -l rest (string join ' ' -- $words[2..-1] (commandline --current-token --cut-at-cursor))
    test -n "$rest"; or set rest ' '
    eval $words[1] '"[suggest:'(string length -- "$rest")']"' (string escape -- "$rest") 2>/dev/null
end
complete -c torchlm -a '(__torchlm_complete)'
