using System.Diagnostics;
using TorchLm.Lessons;
using TorchLm.Tests.Train;
using TorchLm.Train.CommandLine;
using TorchLm.Train.Presets;

namespace TorchLm.Tests.CommandLine;

/// <summary>What a shell offers while a command line is typed.</summary>
public sealed class CompletionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("tr", "train")]
    [InlineData("train --pres", "--preset")]
    [InlineData("train --preset gpt2-t", "gpt2-tiny")]
    [InlineData("train --set model.la", "model.layerCount=")]
    [InlineData("train --set model.dropout=0.1 --set training.pat", "training.patience=")]
    [InlineData("train --set model.gelu=", "model.gelu=exact", "model.gelu=tanh")]
    [InlineData("train --set model.bias=t", "model.bias=true")]
    [InlineData("train --device ", "auto", "cpu", "cuda")]
    [InlineData("train --precision f", "bf16", "fp16", "fp32", "tf32")]
    [InlineData("export --format ", "gguf", "hf", "onnx")]
    [InlineData("export --dtype q", "q4_0", "q8_0")]
    [InlineData("prepare --tokenizer ", "bpe", "char", "cl100k_base", "o200k_base")]
    [InlineData("tokenizer encode --tokenizer c", "cl100k_base")]
    [InlineData("lesson tiny", "tiny-transformer")]
    [InlineData("config show fab", "fables", "fables-modern")]
    [InlineData("eval --split ", "test", "train", "val")]
    [InlineData("train --data ")] // the shell's own: files
    public void The_program_itself_says_what_can_stand_at_the_cursor(string line, params string[] expected)
    {
        string[] offered = [.. ProgramCommands.Create().Parse(line).GetCompletions(line.Length).Select(completion => completion.Label)];
        Assert.Equal(expected.Order(StringComparer.Ordinal), offered.Where(label => label.Length > 0).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Commands_presets_and_lessons_are_all_offered()
    {
        Assert.Superset(new HashSet<string> { "train", "prepare", "sample", "eval", "export", "import", "completion", "lesson", "doctor" },
            Offered(" "));
        Assert.Equal(PresetFile.Names.ToHashSet(), Offered("train --preset "));
        Assert.Superset(LessonCatalog.All.Select(lesson => lesson.Name).ToHashSet(), Offered("lesson "));
    }

    [Fact]
    public void The_directive_answers_in_lines_and_never_complains()
    {
        ProgramProcess asked = ProgramProcess.Run(".", "[suggest:20]", "train --preset gpt2-");
        Assert.Equal((0, "gpt2-124m\ngpt2-124m-modern\ngpt2-tiny\n", ""), (asked.ExitCode, asked.Output.ReplaceLineEndings("\n"), asked.Errors));
        Assert.Equal("", ProgramProcess.Run(".", "[suggest:8]", "nonsense").Errors);
    }

    [LinuxFact]
    public void Bash_completes()
    {
        Assert.Equal(["train"], Bash("torchlm tra"));
        Assert.Equal(["gpt2-tiny"], Bash("torchlm train --preset gpt2-t"));
        Assert.Equal(["gpt2-124m", "gpt2-124m-modern", "gpt2-tiny"], Bash("torchlm train --preset gpt2-"));
        Assert.Equal(["model.layerCount="], Bash("torchlm train --set layerC")); // held by one name alone
        Assert.Equal(["tanh"], Bash("torchlm train --set model.gelu=t")); // bash takes what stands before = for a word of its own
        Assert.Equal(["--preset"], Bash($"{_folder["torchlm"]} train --pres")); // by its path
        Assert.Equal([], Bash("torchlm train --data ")); // left to bash, which offers files
    }

    [LinuxFact]
    public void Bash_hooks_the_function_to_the_program()
    {
        string hook = RunBash("complete -p torchlm");
        Assert.Contains("-o default", hook, StringComparison.Ordinal);
        Assert.Contains("-F _torchlm torchlm", hook, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_script_begins_with_how_to_install_it()
    {
        foreach (string shell in CompletionScript.Shells)
        {
            ProgramProcess script = ProgramProcess.Run(".", "completion", shell);
            Assert.Equal(0, script.ExitCode);
            string[] comments = [.. script.Output.Split('\n').TakeWhile(line => line.StartsWith('#'))];
            Assert.Contains(comments, line => line.Contains($"torchlm completion {shell} >", StringComparison.Ordinal));
            Assert.Contains("[suggest:", script.Output, StringComparison.Ordinal);
            Assert.DoesNotContain('\r', script.Output);
        }
        ProgramProcess.Run(".", "completion", "bsh").AssertRefused("bsh", "Did you mean bash?");
    }

    private static HashSet<string> Offered(string line) => [.. ProgramCommands.Create().Parse(line).GetCompletions(line.Length).Select(completion =>
        completion.Label)];

    private string[] Bash(string line)
    {
        string[] words = line.Split(' ');
        string quoted = string.Join(' ', words.Select(word => $"'{word}'"));
        string asked = $"""
            COMP_LINE='{line}' COMP_POINT={line.Length} COMP_WORDS=({quoted}) COMP_CWORD={words.Length - 1}
            _torchlm torchlm '{words[^1]}' '{words[^2]}'
            printf '%s\n' "${"{COMPREPLY[@]}"}"
            """;
        return RunBash(asked).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private string RunBash(string commands)
    {
        string program = _folder.Write("torchlm", $"#!/bin/sh\nexec dotnet '{Path.Combine(AppContext.BaseDirectory, "torchlm.dll")}' \"$@\"\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        _folder.Write("completion.bash", CompletionScript.For("bash"));
        var start = new ProcessStartInfo("bash", ["--norc", "-c", $"set -u; source completion.bash\n{commands}"])
        {
            WorkingDirectory = _folder.Path, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["PATH"] = $"{_folder.Path}:{Environment.GetEnvironmentVariable("PATH")}";
        using Process bash = Process.Start(start)!;
        string output = bash.StandardOutput.ReadToEnd(), errors = bash.StandardError.ReadToEnd();
        bash.WaitForExit();
        File.Delete(program);
        Assert.Equal("", errors);
        return output;
    }
}
