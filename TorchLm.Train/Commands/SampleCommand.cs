using System.CommandLine;
using System.Text;
using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Devices;
using TorchLm.Core.Generation;
using TorchLm.Core.Model;
using TorchLm.Tokenizers;
using TorchLm.Train.CommandLine;
using TorchLm.Train.Reporting;

namespace TorchLm.Train.Commands;

/// <summary><c>torchlm sample</c>: text from a trained model.</summary>
internal static class SampleCommand
{
    public static Command Create()
    {
        var defaults = new SamplingOptions();
        Option<string> model = CommonOptions.Model(), device = CommonOptions.Device();
        Option<int?> threads = CommonOptions.Threads();
        var standardInput = new Argument<string?>("-")
        {
            Description = "Read the prompt from standard input.",
            Arity = ArgumentArity.ZeroOrOne,
            DefaultValueFactory = _ => null,
        };
        var prompt = new Option<string?>("--prompt")
        {
            Description = "What the text begins with. Default: a document's beginning.",
            HelpName = "TEXT",
        };
        var promptFile = new Option<string?>("--prompt-file") { Description = "A UTF-8 file that holds the prompt.", HelpName = "FILE" };
        var maxTokens = new Option<int>("--max-tokens")
        {
            Description = "Tokens to generate for each sample.",
            HelpName = "N",
            DefaultValueFactory = _ => 500,
        };
        var temperature = new Option<double>("--temperature")
        {
            Description = "Below 1 safer, above 1 bolder; 0 always takes the likeliest token.",
            HelpName = "T",
            DefaultValueFactory = _ => defaults.Temperature,
        };
        var topK = new Option<int>("--top-k")
        {
            Description = "Draw from the K likeliest tokens only; 0 from all.",
            HelpName = "K",
            DefaultValueFactory = _ => 0,
        };
        var topP = new Option<double>("--top-p")
        {
            Description = "Draw from the likeliest tokens that make up probability P; 1 from all.",
            HelpName = "P",
            DefaultValueFactory = _ => 1,
        };
        var penalty = new Option<double>("--repetition-penalty")
        {
            Description = "Above 1: tokens of the context become less likely.",
            HelpName = "X",
            DefaultValueFactory = _ => 1,
        };
        var seed = new Option<long>("--seed")
        {
            Description = "The same seed gives the same text.",
            HelpName = "N",
            DefaultValueFactory = _ => defaults.Seed,
        };
        var count = new Option<int>("--count") { Description = "Samples.", HelpName = "N", DefaultValueFactory = _ => 1 };
        var stop = new Option<string[]>("--stop")
        {
            Description = "End a sample before this text; may be given several times.",
            HelpName = "TEXT",
        };
        var noCache = new Option<bool>("--no-cache")
        {
            Description = "Read the whole context for each token: slower, to check the cache.",
        };

        var command = new DocumentedCommand("sample", "Let a trained model write, in fp32.",
        [
            "torchlm sample --model my-run --prompt \"Once\" --count 3",
            "torchlm sample --model my-run --temperature 0.7 --top-k 40 --stop \"The end\"",
        ])
        {
            standardInput, model, prompt, promptFile, maxTokens, temperature, topK, topP, penalty, seed, count, stop, noCache, device, threads,
        };
        command.SetAction(Program.Action((parsed, cancel) =>
        {
            if (parsed.GetValue(maxTokens) < 1) throw new InputException($"--max-tokens is {parsed.GetValue(maxTokens)}, but it must be at least 1.");
            if (parsed.GetValue(count) < 1) throw new InputException($"--count is {parsed.GetValue(count)}, but it must be at least 1.");
            if (parsed.GetValue(stop)!.Contains("")) throw new InputException("--stop is empty, but it must name a text.");
            var options = new SamplingOptions
            {
                Temperature = parsed.GetValue(temperature),
                TopK = parsed.GetValue(topK),
                TopP = parsed.GetValue(topP),
                RepetitionPenalty = parsed.GetValue(penalty),
                Seed = parsed.GetValue(seed),
            };
            options.Validate();
            string? text = ReadPrompt(parsed.GetValue(standardInput), parsed.GetValue(prompt), parsed.GetValue(promptFile));
            CommonOptions.UseThreads(parsed.GetValue(threads));
            SavedModel saved = ModelFolder.Find(parsed.GetRequiredValue(model));
            ITokenizer tokenizer = ModelFolder.Tokenizer(saved);
            using Gpt gpt = saved.Load(DeviceChoice.Of(parsed.GetValue(device)!).Device);
            var writer = new SampleWriter(gpt, tokenizer, Console.Out);
            writer.Write(text, options, parsed.GetValue(count), parsed.GetValue(maxTokens), parsed.GetValue(stop)!, !parsed.GetValue(noCache), cancel);
            return ExitCode.Done;
        }));
        return command;
    }

    private static string? ReadPrompt(string? standardInput, string? prompt, string? file)
    {
        if (standardInput is not (null or "-")) throw new InputException($"'{standardInput}' is not an option; a prompt is given with --prompt.");
        if ((standardInput is null ? 0 : 1) + (prompt is null ? 0 : 1) + (file is null ? 0 : 1) > 1)
        {
            throw new InputException("The prompt is given twice: choose one of --prompt, --prompt-file and -.");
        }
        if (standardInput is not null) return ReadText(Console.OpenStandardInput(), "Standard input");
        if (file is null) return prompt;
        if (!File.Exists(file)) throw new InputException($"There is no file '{file}' (--prompt-file).");
        return ReadText(File.OpenRead(file), $"The prompt file '{file}'");
    }

    /// <summary>The whole text, which must be UTF-8; the line end that editors and echo put behind it is not part of a prompt.</summary>
    private static string ReadText(Stream stream, string name)
    {
        using var bytes = new MemoryStream();
        using (stream) stream.CopyTo(bytes);
        try
        {
            string text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes.GetBuffer(), 0, (int)bytes.Length).TrimStart('\uFEFF');
            return text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;
        }
        catch (DecoderFallbackException e)
        {
            throw new InputException($"{name} is not UTF-8: save it in that encoding.", e);
        }
    }
}
