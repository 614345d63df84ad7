using System.CommandLine;
using TorchLm.Core;
using TorchLm.Export;
using TorchLm.Export.Gguf;
using TorchLm.Export.HuggingFace;
using TorchLm.Export.Onnx;
using TorchLm.Train.CommandLine;
using TorchLm.Train.Reporting;
using static TorchSharp.torch;

namespace TorchLm.Train.Commands;

/// <summary><c>torchlm export</c>: a trained model for other software.</summary>
internal static class ExportCommand
{
    public static Command Create()
    {
        Option<string> model = CommonOptions.Model();
        var format = new Option<string>("--format")
        {
            Description = "hf: a folder for transformers; gguf: a file for llama.cpp, Ollama; onnx: a folder for ONNX Runtime, transformers.js.",
            HelpName = "hf|gguf|onnx",
            Required = true,
        };
        format.AcceptOnlyFromAmong("hf", "gguf", "onnx");
        var output = new Option<string>("--out") { Description = "The folder (hf, onnx) or file (gguf) to make.", HelpName = "PATH", Required = true };
        var dtype = new Option<string>("--dtype")
        {
            Description = "Of weights: fp32, fp16 (all formats), bf16 (hf, gguf), q8_0, q4_0 (gguf).",
            HelpName = "TYPE",
            DefaultValueFactory = _ => "fp32",
        };
        dtype.CompletionSources.Add("fp32", "fp16", "bf16", "q8_0", "q4_0");
        var noCache = new Option<bool>("--no-cache") { Description = "A graph without past_key_values, for programs without a cache." };
        var noMask = new Option<bool>("--no-attention-mask") { Description = "A graph without attention_mask, for texts of one length." };
        var positions = new Option<bool>("--position-ids") { Description = "A graph that takes position_ids instead of counting them." };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace an earlier export in --out." };

        var command = new DocumentedCommand("export", "Make a trained model one that other software runs.",
        [
            "torchlm export --model my-run --format gguf --dtype q8_0 --out my-model.gguf",
            "torchlm export --model my-run --format hf --out my-model",
        ])
        {
            model, format, output, dtype, overwrite, { "For onnx", noCache, noMask, positions },
        };
        command.SetAction(Program.Action((parsed, cancel) =>
        {
            string kind = parsed.GetValue(format)!, path = parsed.GetValue(output)!, type = parsed.GetValue(dtype)!;
            bool replaces = parsed.GetValue(overwrite);
            if (kind != "onnx" && (parsed.GetValue(noCache) || parsed.GetValue(noMask) || parsed.GetValue(positions)))
            {
                throw new InputException("--no-cache, --no-attention-mask and --position-ids are for --format onnx only.");
            }
            using ModelSource source = ModelSource.Open(ModelFolder.Find(parsed.GetRequiredValue(model)));
            var notes = new List<string>();
            using (var progress = new ShareLine("Exporting"))
            {
                switch (kind)
                {
                    case "hf":
                        HuggingFaceExport.Write(source, path, Float(type, kind, "fp32", "fp16", "bf16"), replaces, progress, cancel);
                        break;
                    case "onnx":
                        OnnxWeightType weights = Float(type, kind, "fp32", "fp16") == ScalarType.Float16 ? OnnxWeightType.Float16 : OnnxWeightType.Float32;
                        var options = new OnnxOptions
                        {
                            KeyValueCache = !parsed.GetValue(noCache),
                            AttentionMask = !parsed.GetValue(noMask),
                            PositionIds = parsed.GetValue(positions),
                            WeightType = weights,
                        };
                        OnnxFolder.Write(source, path, options, replaces, progress, cancel);
                        break;
                    default:
                        GgufFile file = GgufExport.Write(source, path, GgufTypeOf(type), replaces, progress, cancel);
                        if (file.FallenBack > 0) notes.Add($"{file.FallenBack} matrices are in fp16: their rows are no multiple of 32.");
                        if (file.NeedsOwnCharacters) notes.Add("Give llama.cpp only text of this model's characters: at others it can run out of memory, because the vocabulary has no end-of-text token.");
                        break;
                }
            }
            Console.WriteLine($"{Path.GetFileName(source.Saved.CheckpointPath)} of {Hint.Path(source.Saved.Run.Path)} as {kind}, {type}: {Hint.Path(path)} ({Size(path)})");
            foreach (string note in notes) Console.Error.WriteLine(note);
            return ExitCode.Done;
        }));
        return command;
    }

    private static GgufType GgufTypeOf(string dtype) => dtype switch
    {
        "fp32" => GgufType.F32,
        "fp16" => GgufType.F16,
        "bf16" => GgufType.BF16,
        "q8_0" => GgufType.Q8,
        "q4_0" => GgufType.Q4,
        _ => throw new InputException($"--dtype is {dtype}, but --format gguf can be fp32, fp16, bf16, q8_0, q4_0."),
    };

    private static ScalarType Float(string dtype, string format, params string[] possible)
    {
        if (!possible.Contains(dtype)) throw new InputException($"--dtype is {dtype}, but --format {format} can be {string.Join(", ", possible)}.");
        return dtype switch
        {
            "fp16" => ScalarType.Float16,
            "bf16" => ScalarType.BFloat16,
            _ => ScalarType.Float32,
        };
    }

    private static string Size(string path)
    {
        long bytes = File.Exists(path) ? new FileInfo(path).Length
            : Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length);
        return bytes < 1_000_000 ? $"{bytes / 1e3:0} KB" : bytes < 10_000_000 ? $"{bytes / 1e6:0.0} MB" : $"{bytes / 1e6:N0} MB";
    }
}
