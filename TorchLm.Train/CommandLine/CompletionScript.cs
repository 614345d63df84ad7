using System.Reflection;

namespace TorchLm.Train.CommandLine;

/// <summary>Scripts for shells, which ask the program itself what can stand at the cursor (the directive <c>[suggest:position]</c>).</summary>
internal static class CompletionScript
{
    private const string Prefix = "TorchLm.Train.CommandLine.Completion.torchlm.";

    /// <summary>The shells that there are scripts for.</summary>
    public static IReadOnlyList<string> Shells { get; } = ["bash", "zsh", "fish", "pwsh"];

    /// <summary>A shell's script, with how to install it at its top.</summary>
    public static string For(string shell)
    {
        using var reader = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream(Prefix + shell)!);
        return reader.ReadToEnd().ReplaceLineEndings("\n"); // bash takes a carriage return for a part of a word
    }
}
