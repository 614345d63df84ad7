using System.CommandLine;
using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Reports.Pages;
using TorchLm.Reports.Plots;
using TorchLm.Reports.Runs;
using TorchLm.Train.CommandLine;

namespace TorchLm.Train.Commands;

/// <summary><c>torchlm report</c>: runs as a page, as pictures and as a table.</summary>
internal static class ReportCommand
{
    private const string FileName = "report.html";

    public static Command Create()
    {
        var folders = new Argument<string[]>("DIR")
        {
            Description = "Runs, or folders of runs. Default: the run in checkpoints/ that was trained last.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var output = new Option<string?>("--out")
        {
            Description = $"The page. Default: {FileName}, in the run's folder or, of several runs, here. A report that is there is replaced.",
            HelpName = "FILE",
        };
        var pictures = new Option<string?>("--pictures") { Description = "Draw each plot as a file in this folder, too.", HelpName = "DIR" };
        Option<string> format = CommonOptions.Choice("--format", "What the pictures are. Default: png.", ["png", "svg"], "png");
        var csv = new Option<bool>("--csv") { Description = "Print the metrics as comma-separated values, and write no page." };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace files that are no reports, and pictures." };

        var command = new DocumentedCommand("report", "Look at a run, or compare several: a page in one file, pictures, a table.",
        [
            "torchlm report checkpoints/fables",
            "torchlm report checkpoints/A checkpoints/B --out compared.html",
            "torchlm report checkpoints/fables --pictures plots --format svg",
            "torchlm report checkpoints/fables --csv",
        ]) { folders, output, pictures, format, csv, overwrite };
        command.SetAction(Program.Action((parsed, _) =>
        {
            string[] named = parsed.GetValue(folders) is { Length: > 0 } some ? some : [Newest()];
            IReadOnlyList<RunRecord> runs = RunRecord.LoadAll(named);
            if (parsed.GetValue(csv))
            {
                if ((parsed.GetValue(output) ?? parsed.GetValue(pictures)) is not null) throw new InputException("--csv prints a table: leave --out and --pictures out.");
                MetricsTable.WriteCsv(runs, Console.Out);
                return ExitCode.Done;
            }
            bool replaces = parsed.GetValue(overwrite);
            string page = parsed.GetValue(output) ?? (runs.Count == 1 ? Path.Combine(runs[0].Folder, FileName) : FileName);
            if (Directory.Exists(page)) throw new InputException($"--out is '{page}', but that is a folder; name a file.");
            if (!replaces && File.Exists(page) && !Page.IsOwn(page)) throw new InputException($"'{page}' is there and is no report of TorchLm's; name another file with --out, or add --overwrite.");
            if (parsed.GetValue(pictures) is { } folder) Draw(runs, folder, parsed.GetValue(format)!, replaces);
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(page))!);
            DurableFile.WriteText(page, ReportPage.Of(runs));
            Console.WriteLine($"{(runs.Count == 1 ? $"The run {runs[0].Name}" : $"{runs.Count} runs")}: {page}");
            return ExitCode.Done;
        }, needsLibtorch: false));
        return command;
    }

    private static void Draw(IReadOnlyList<RunRecord> runs, string folder, string format, bool replaces)
    {
        if (PictureFont.Missing() is { } missing) Console.Error.WriteLine($"torchlm: warning: {missing}");
        (RunPlot Plot, string File)[] files = [.. RunPlots.Of(runs).Select(p => (p, Path.Combine(folder, $"{p.Id}.{format}")))];
        if (!replaces && files.FirstOrDefault(f => File.Exists(f.File)).File is { } there)
        {
            throw new InputException($"'{there}' is there already; name another folder with --pictures, or add --overwrite.");
        }
        Directory.CreateDirectory(folder);
        foreach ((RunPlot plot, string file) in files) PlotPicture.Save(plot, runs.Count, file);
        Console.WriteLine($"{files.Length} pictures: {folder}");
    }

    /// <summary>The run whose metrics were written to last.</summary>
    private static string Newest() => (Directory.Exists(RunFolders.Root) ? Directory.EnumerateDirectories(RunFolders.Root) : [])
        .Where(folder => File.Exists(new RunFolder(folder).MetricsPath)).MaxBy(folder => File.GetLastWriteTimeUtc(new RunFolder(folder).MetricsPath))
        ?? throw new InputException($"There is no run in {RunFolders.Root}/: name a run's folder, or train one with torchlm train.");
}
