using System.CommandLine;
using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Devices;
using TorchLm.Core.Model;
using TorchLm.Reports.Pages;
using TorchLm.Tokenizers;
using TorchLm.Train.CommandLine;

namespace TorchLm.Train.Commands;

/// <summary><c>torchlm inspect</c>: a page that shows what goes on inside a model while it reads a text.</summary>
internal static class InspectCommand
{
    private const int MostListed = 100;

    public static Command Create()
    {
        Option<string> model = CommonOptions.Model(), device = CommonOptions.Device();
        Option<int?> threads = CommonOptions.Threads();
        var prompt = new Option<string>("--prompt")
        {
            Description = "The text that the model reads, 2 tokens at least; of a long one the first tokens, as many as the context holds " +
                $"and at most {InspectionPage.MostTokens}.",
            HelpName = "TEXT",
            Required = true,
        };
        var output = new Option<string>("--out")
        {
            Description = "The page to write.",
            HelpName = "FILE",
            DefaultValueFactory = _ => "inspect.html",
        };
        var top = new Option<int>("--top")
        {
            Description = $"How many of the likeliest next tokens are listed, 1 to {MostListed}.",
            HelpName = "N",
            DefaultValueFactory = _ => 10,
        };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace a file that is already there." };

        var command = new DocumentedCommand("inspect", "Look inside a model while it reads: attention, predictions layer by layer, and loss, in a page (HTML).",
        [
            "torchlm inspect --model checkpoints/fables --prompt \"The fox\"",
            "torchlm inspect --model my-run --prompt \"Once\" --top 20 --out look.html",
        ])
        {
            model, prompt, output, top, overwrite, device, threads,
        };
        command.SetAction(Program.Action((parsed, cancel) =>
        {
            int listed = parsed.GetValue(top);
            if (listed is < 1 or > MostListed) throw new InputException($"--top is {listed}, but it must be 1 to {MostListed}.");
            string path = PathOf(parsed.GetValue(output)!, parsed.GetValue(overwrite));
            CommonOptions.UseThreads(parsed.GetValue(threads));
            SavedModel saved = ModelFolder.Find(parsed.GetRequiredValue(model));
            ITokenizer tokenizer = ModelFolder.Tokenizer(saved);
            int[] ids = tokenizer.Encode(parsed.GetRequiredValue(prompt));
            if (ids.Length < 2)
            {
                string found = ids.Length == 0 ? "empty" : "1 token";
                throw new InputException($"--prompt is {found}, but a loss needs 2 tokens at least: give a longer text.");
            }
            int[] shown = Shown(ids, saved.Config.Model.ContextLength);
            using Gpt gpt = saved.Load(DeviceChoice.Of(parsed.GetValue(device)!).Device);
            ModelInspection inspection = ModelInspection.Of(gpt, shown, listed);
            if (!double.IsFinite(inspection.MeanLoss))
            {
                throw new InputException($"The loss of '{saved.CheckpointPath}' is not a number, because its weights are not: choose another checkpoint.");
            }
            cancel.ThrowIfCancellationRequested();

            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            DurableFile.WriteText(path, InspectionPage.Of(inspection, tokenizer, NameOf(saved), ids.Length - shown.Length));
            Console.WriteLine($"Mean loss {inspection.MeanLoss:0.0000} nats per token; the page to open in a browser is {Hint.Path(path)}");
            return ExitCode.Done;
        }));
        return command;
    }

    /// <summary>The file to write, which is not there unless it may be replaced.</summary>
    private static string PathOf(string path, bool overwrite)
    {
        if (Directory.Exists(path))
        {
            string file = Hint.Path(Path.Combine(path, "inspect.html"));
            throw new InputException($"--out is '{path}', but that is a folder: name a file, such as {file}.");
        }
        if (File.Exists(path) && !overwrite)
        {
            throw new InputException($"There is already a file '{path}': name another one with --out, or replace it with --overwrite.");
        }
        return path;
    }

    /// <summary>As many of the first tokens as can be shown; it is said where these are not all.</summary>
    private static int[] Shown(int[] ids, int context)
    {
        if (context < 2) throw new InputException("The model's context is 1 token, but a loss needs 2 tokens at least: choose another model.");
        int most = Math.Min(context, InspectionPage.MostTokens);
        if (ids.Length <= most) return ids;
        string why = context <= InspectionPage.MostTokens ? $"the model's context holds {context}" : $"a page shows at most {most}";
        Console.Error.WriteLine($"The prompt has {ids.Length:N0} tokens and {why}: the first {most} are shown.");
        return ids[..most];
    }

    /// <summary>The run's folder and the checkpoint in it.</summary>
    private static string NameOf(SavedModel saved) => $"{LastPart(saved.Run.Path)}, {LastPart(saved.CheckpointPath)}";

    private static string LastPart(string path) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
}
