using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using TorchLm.Core.Training;

namespace TorchLm.Core.Checkpoints;

/// <summary>
/// A checkpoint's state.json. From format version 2 on it holds its own SHA-256, taken with zeros in the place of the sum, so that a change of any byte is
/// found; version 1 has sums of the files beside it alone.
/// </summary>
internal static class StateFile
{
    /// <summary>The file's name in a step's folder.</summary>
    public const string Name = "state.json";

    private const int LargestSize = 1 << 20;

    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true };

    private static readonly string s_noSum = new('0', 2 * SHA256.HashSizeInBytes);

    /// <summary>Writes the state and the sums of the files beside it.</summary>
    public static void Write(string folder, TrainingState state, IReadOnlyDictionary<string, string> checksums)
    {
        string json = JsonSerializer.Serialize(state with { FormatVersion = TrainingState.CurrentFormat, Checksums = checksums, Checksum = s_noSum }, s_json);
        DurableFile.WriteText(Path.Combine(folder, Name), json.Replace(s_noSum, SumOf(json), StringComparison.Ordinal));
    }

    /// <summary>Reads where a checkpoint's run stood.</summary>
    /// <exception cref="InputException">It is not a checkpoint, or the file is damaged.</exception>
    public static TrainingState Read(string folder)
    {
        string path = Path.Combine(folder, Name);
        var file = new FileInfo(path);
        if (!file.Exists) throw new InputException($"'{folder}' is not a checkpoint: it has no {Name}.");
        if (file.Length > LargestSize) throw Damaged(path, $"it has {file.Length:N0} bytes");
        string json;
        TrainingState state;
        try
        {
            json = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(path));
            state = JsonSerializer.Deserialize<TrainingState>(json, s_json) ?? throw Damaged(path, "it is empty");
        }
        catch (JsonException e)
        {
            throw new InputException(Sentence(path, $"line {e.LineNumber + 1} is not valid JSON"), e);
        }
        catch (DecoderFallbackException e)
        {
            throw new InputException(Sentence(path, "it is not UTF-8"), e);
        }
        if (state.FormatVersion is < 1 or > TrainingState.CurrentFormat)
        {
            throw new InputException($"'{path}' has format version {state.FormatVersion}; this program knows versions 1 to {TrainingState.CurrentFormat}.");
        }
        if ((state.FormatVersion > 1 || state.Checksum is not null) && (state.Checksum?.Length != s_noSum.Length || SumOf(json.Replace(state.Checksum, s_noSum, StringComparison.Ordinal)) != state.Checksum))
        {
            throw Damaged(path, "its checksum is not that of its content");
        }
        if (state.Step < 0 || state.Tokens < 0) throw Damaged(path, "a count is negative");
        if (state.Trend is not { Count: >= 0, Variance: >= 0 and < 1e30, Mean: > -1e30 and < 1e30 } || state is { TrainingSeconds: < 0 } or { PendingSteps: < 0 }
                or { SkippedUpdates: < 0 } or { SkippedInARow: < 0 } or { Rollbacks: < 0 } or { EvaluationsSinceBest: < 0 }
            || !double.IsFinite(state.TrainingSeconds + state.PendingLoss + (state.BestLoss ?? 0) + (state.PendingLossZ ?? 0)) || state.BestStep > state.Step
            || state.MicroBatch < 1 || state.LearningRateFactor is not (> 0 and <= 1)) throw Damaged(path, "a value is impossible");
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        if (RunFolder.StepOf(name) is { } step && step != state.Step) throw Damaged(path, $"it is of step {state.Step:N0}, in the folder of step {step:N0}");
        return state;
    }

    private static InputException Damaged(string path, string how) => new(Sentence(path, how));

    private static string Sentence(string path, string how) => $"'{path}' is damaged ({how}); use another checkpoint.";

    private static string SumOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
