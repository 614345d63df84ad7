using TorchLm.Core;
using TorchLm.Data.Datasets;
using TorchLm.Tests.Train;

namespace TorchLm.Tests.Preparation;

public sealed class DiskFullTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>A shell's limit on the size of files stands for a full disk: both are failures of writing. .NET's own memory for code is such a file, too, unless told otherwise.</summary>
    [LinuxFact]
    public void Where_the_disk_is_full_one_sentence_says_so_and_nothing_looks_complete()
    {
        for (int i = 0; i < 200; i++) _folder.Write($"in/{i}.txt", Prose.Text($"number {i}", i));
        string program = Path.Combine(AppContext.BaseDirectory, "torchlm.dll");
        foreach (int kilobytes in (int[])[100, 400, 2000])
        {
            using var shell = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("/bin/bash",
                ["-c", $"trap '' XFSZ; ulimit -f {kilobytes}; DOTNET_EnableWriteXorExecute=0 dotnet '{program}' prepare in --out out --tokenizer char --clean none"])
            {
                WorkingDirectory = _folder.Path, RedirectStandardError = true, RedirectStandardOutput = true,
            })!;
            Task<string> output = shell.StandardOutput.ReadToEndAsync();
            string errors = shell.StandardError.ReadToEnd();
            shell.WaitForExit();
            if (kilobytes == 2000)
            {
                Assert.True(shell.ExitCode == 0, errors);
                break;
            }
            Assert.Equal(1, shell.ExitCode);
            Assert.StartsWith("torchlm: Cannot write the data set to 'out' (", Assert.Single(errors.TrimEnd().Split('\n')));
            // At 100 kB the documents themselves do not fit, so that there is nothing to go on from.
            Assert.Contains($"make room, and run the same command again{(kilobytes == 100 ? "" : ", which goes on where it stopped")}.", errors);
            Assert.Equal(kilobytes != 100, Directory.Exists(_folder["out"]));
            Assert.Throws<InputException>(() => TokenDataset.Open(_folder["out"]));
            Assert.False(File.Exists(_folder["out/dataset.json"]));
        }
        Assert.Equal(0, ProgramProcess.Run(_folder.Path, "prepare", "in", "--out", "whole/out", "--tokenizer", "char", "--clean", "none").ExitCode);
        Assert.Equal(PreparedSet.Bytes(_folder["whole/out"]), PreparedSet.Bytes(_folder["out"]));
    }
}
