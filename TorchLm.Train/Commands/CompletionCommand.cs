using System.CommandLine;
using TorchLm.Train.CommandLine;

namespace TorchLm.Train.Commands;

/// <summary><c>torchlm completion</c>: a script by which a shell completes torchlm's command lines.</summary>
internal static class CompletionCommand
{
    public static Command Create()
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh, fish or pwsh (PowerShell)." };
        shell.AcceptOnlyFromAmong([.. CompletionScript.Shells]);
        var command = new DocumentedCommand("completion", "Print a script by which a shell completes what you type.",
        [
            "torchlm completion bash > ~/.local/share/bash-completion/completions/torchlm",
            "torchlm completion zsh > ~/.zsh/completions/_torchlm",
            "torchlm completion fish > ~/.config/fish/completions/torchlm.fish",
            "torchlm completion pwsh >> $PROFILE",
        ])
        {
            shell,
        };
        command.SetAction(Program.Action((parsed, _) =>
        {
            Console.Write(CompletionScript.For(parsed.GetRequiredValue(shell)));
            return ExitCode.Done;
        }, needsLibtorch: false));
        return command;
    }
}
