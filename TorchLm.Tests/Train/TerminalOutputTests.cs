using System.Diagnostics;

namespace TorchLm.Tests.Train;

/// <summary>What the program writes to a real pseudo-terminal, and to none.</summary>
public sealed class TerminalOutputTests : IDisposable
{
    private const string Script = "/usr/bin/script"; // of util-linux: runs a command in a pseudo-terminal of its own

    private static readonly string[] s_train = ["train", "--preset", "gpt2-tiny", "--max-steps", "20", "--out", "run", "--set", "training.evalInterval=10"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [LinuxFact]
    public void A_terminal_shows_a_living_view_and_gets_its_cursor_back()
    {
        string output = InTerminal();
        Assert.Contains("\e[?25l", output, StringComparison.Ordinal);
        Assert.EndsWith("\e[?25h", output[..(output.LastIndexOf("\e[?25h", StringComparison.Ordinal) + 6)], StringComparison.Ordinal);
        Assert.True(output.LastIndexOf("\e[?25h", StringComparison.Ordinal) > output.LastIndexOf("\e[?25l", StringComparison.Ordinal), "the cursor stays hidden");
        Assert.Contains(" of 200", output, StringComparison.Ordinal);
    }

    [LinuxTheory]
    [InlineData("NO_COLOR")]
    [InlineData("CI")]
    public void Where_plain_lines_are_wanted_a_terminal_gets_them(string variable)
    {
        string output = InTerminal((variable, "1"));
        foreach (string escape in new[] { "\e[?25l", "\e[?2026h", "\e[J", "\e[K" }) Assert.DoesNotContain(escape, output, StringComparison.Ordinal); // .NET sends some of its own
        Assert.Contains("step  10/200", output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_gets_plain_lines_and_few()
    {
        ProgramProcess run = ProgramProcess.Run(_folder.Path, s_train);
        Assert.Equal(0, run.ExitCode);
        Assert.DoesNotContain('\e', run.Errors + run.Output);
        Assert.DoesNotContain('\r', run.Errors.ReplaceLineEndings("\n"));
        Assert.Equal(2, run.Errors.Split('\n').Count(line => line.StartsWith("step ", StringComparison.Ordinal) && line.Contains("val loss", StringComparison.Ordinal)) - 1);
    }

    private string InTerminal(params (string Name, string Value)[] variables)
    {
        var start = new ProcessStartInfo(Script) { WorkingDirectory = _folder.Path, RedirectStandardOutput = true, RedirectStandardInput = true };
        string command = string.Join(' ', s_train.Prepend($"\"{Path.Combine(AppContext.BaseDirectory, "torchlm.dll")}\"").Prepend("dotnet"));
        foreach (string argument in new[] { "-qec", command, "/dev/null" }) start.ArgumentList.Add(argument);
        foreach (string name in new[] { "NO_COLOR", "CI" }) start.Environment.Remove(name);
        start.Environment["TERM"] = "xterm-256color";
        start.Environment["OMP_NUM_THREADS"] = "1";
        foreach ((string name, string value) in variables) start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, output);
        return output;
    }
}
