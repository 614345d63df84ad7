using System.Diagnostics;

namespace TorchLm.Tests.Train;

/// <summary>Runs the real program as a child process, as a user does.</summary>
internal sealed record ProgramProcess(int ExitCode, string Output, string Errors)
{
    /// <summary>The repository's root: the folder with the solution.</summary>
    public static string RepositoryRoot { get; } = FindRoot();

    public static ProgramProcess Run(string folder, params string[] arguments) => Run(folder, null, arguments);

    public static ProgramProcess Run(string folder, string? input, string[] arguments)
    {
        using Process process = Start(folder, arguments);
        if (input is not null) process.StandardInput.Write(input);
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(TimeSpan.FromMinutes(3)))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"torchlm {string.Join(' ', arguments)} did not end.");
        }
        return new ProgramProcess(process.ExitCode, output.Result, errors.Result);
    }

    public static Process Start(string folder, string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "torchlm.dll"));
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        start.Environment["OMP_NUM_THREADS"] = "1"; // tests run side by side
        return Process.Start(start)!;
    }

    /// <summary>Asserts that the input was refused with exit code 2 and one sentence that holds all of the given words.</summary>
    public void AssertRefused(params string[] words)
    {
        Assert.Equal(2, ExitCode);
        Assert.Single(Errors.TrimEnd().Split('\n'));
        Assert.StartsWith("torchlm: ", Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", Errors, StringComparison.Ordinal);
        foreach (string word in words) Assert.Contains(word, Errors, StringComparison.Ordinal);
    }

    private static string FindRoot()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "TorchLm.sln"))) folder = Path.GetDirectoryName(folder)!;
        return folder;
    }
}
