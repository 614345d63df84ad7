using System.Globalization;
using System.Text;
using System.Text.Json;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Training;
using TorchLm.Export.Architectures;
using TorchLm.Tokenizers;

namespace TorchLm.Export.HuggingFace;

/// <summary>The README.md of an exported model: what it is, how it was trained, how it is loaded (Mitchell et al. 2019, in short).</summary>
internal static class ModelCard
{
    public static string Text(ModelSource model, Architecture architecture, bool isOnnx)
    {
        ModelConfig m = model.Config;
        RunConfig config = model.Saved.Config;
        TrainingState state = Checkpoint.ReadState(model.Saved.CheckpointPath);
        var text = new StringBuilder();
        Plain("---");
        Line($"library_name: {(isOnnx ? "transformers.js" : "transformers")}");
        Plain("pipeline_tag: text-generation");
        Line($"tags: [{architecture.Name}, torchlm]");
        Plain("---");
        Plain("");
        Line($"# {model.Name}");
        Plain("");
        Line($"A {CalledBy(architecture)} language model with {ModelCost.Parameters(m) / 1e6:0.##} M parameters, made with TorchLm.");
        Plain("");
        Plain("| | |");
        Plain("|---|---|");
        Line($"| shape | {m.LayerCount} layers, {m.HeadCount} heads, width {m.EmbeddingSize}, context {m.ContextLength} tokens |");
        foreach ((string what, string how) in ModelTraits.Of(m, architecture, isOnnx)) Line($"| {what} | {how} |");
        Line($"| vocabulary | {m.VocabularySize:N0} ids, {Kind(model.Tokenizer)} |");
        if (state.Step > 0)
        {
            TrainingConfig t = config.Training;
            Line($"| trained | {state.Step:N0} steps, {state.Tokens:N0} tokens, {Hours(state.TrainingSeconds)} |");
            Line($"| batch | {t.BatchSize * t.GradientAccumulationSteps} sequences of {m.ContextLength} tokens, products in {t.Precision} |");
            OptimizerConfig o = config.Optimizer;
            Line($"| optimiser | {o.Name}, learning rate {o.LearningRate} to {o.MinLearningRate}, weight decay {o.WeightDecay}, dropout {m.Dropout} |");
            if (Evaluation(model.Saved, state.Step) is { } evaluation) Line($"| validation loss | {evaluation} |");
        }
        Plain("");
        Plain(isOnnx ? "Load it with transformers.js, or `onnx/model.onnx` with ONNX Runtime:" : "Load it with transformers:");
        Plain("");
        foreach (string line in isOnnx ? s_javaScript : s_python) Plain(line);
        return text.ToString();

        void Plain(string line) => text.Append(line).Append('\n');

        void Line(FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }

    private static readonly string[] s_python =
    [
        "```python",
        "from transformers import AutoModelForCausalLM, AutoTokenizer",
        "tokenizer, model = AutoTokenizer.from_pretrained(\".\"), AutoModelForCausalLM.from_pretrained(\".\")",
        "print(tokenizer.decode(model.generate(**tokenizer(\"Once\", return_tensors=\"pt\"), max_new_tokens=50)[0]))",
        "```",
    ];

    private static readonly string[] s_javaScript =
    [
        "```js",
        "import { pipeline } from '@huggingface/transformers';",
        "const write = await pipeline('text-generation', 'path/to/this/folder', { dtype: 'fp32' });",
        "console.log((await write('Once', { max_new_tokens: 50 }))[0].generated_text);",
        "```",
    ];

    private static string CalledBy(Architecture architecture) => architecture.Name switch
    {
        "gpt2" => "GPT-2",
        var name => char.ToUpperInvariant(name[0]) + name[1..],
    };

    private static string Kind(ITokenizer tokenizer) => tokenizer.Kind switch
    {
        "char" => "one for each character",
        "bpe" => "byte-level BPE",
        var name => name,
    };

    private static string Hours(double seconds) => seconds < 120 ? $"{seconds:0} s" : seconds < 7200 ? $"{seconds / 60:0} min" : $"{seconds / 3600:0.0} h";

    /// <summary>The validation loss that the run measured at this step, in its metrics; null where it did not.</summary>
    private static string? Evaluation(SavedModel saved, long step)
    {
        if (!File.Exists(saved.Run.MetricsPath)) return null;
        string? result = null;
        foreach (string line in File.ReadLines(saved.Run.MetricsPath))
        {
            if (Read(line) is not { Loss: { } nats } metrics || metrics.Step != step) continue;
            string bits = metrics.BitsPerByte is { } bpb ? string.Create(CultureInfo.InvariantCulture, $", {bpb:0.000} bits a byte") : "";
            result = string.Create(CultureInfo.InvariantCulture, $"{nats:0.0000} nats a token, perplexity {Math.Exp(nats):0.00}{bits}");
        }
        return result;
    }

    /// <summary>What a line of metrics says; nothing where it is the half-written last line of a run that was killed, or damaged.</summary>
    private static (double? Step, double? Loss, double? BitsPerByte) Read(string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement metrics = document.RootElement;
            return metrics.ValueKind == JsonValueKind.Object ? (Number("step"), Number("val_loss"), Number("val_bpb")) : default;

            double? Number(string field) =>
                metrics.TryGetProperty(field, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // the latter where a name is half of a surrogate pair
        {
            return default;
        }
    }
}
