using System.Security.Cryptography;
using System.Text.Json;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;
using TorchLm.Core.Training;
using static TorchSharp.torch;

namespace TorchLm.Core.Checkpoints;

/// <summary>
/// One step's folder: model.safetensors, optimizer.safetensors and state.json. It appears whole or not at all: everything is written and flushed in a
/// folder of a temporary name, which is then renamed.
/// </summary>
public static class Checkpoint
{
    private const string ModelFile = "model.safetensors", OptimizerFile = "optimizer.safetensors", StateFile = "state.json";

    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true };

    /// <summary>Saves everything that the run needs to continue, points latest.json to it, and best.json as well where it is the best.</summary>
    /// <param name="run">The run's folder.</param>
    /// <param name="model">The weights.</param>
    /// <param name="optimizer">The moments.</param>
    /// <param name="state">Where the run stands.</param>
    /// <param name="isBest">Whether the validation loss was never lower.</param>
    /// <param name="keep">How many of the last checkpoints stay; the best stays always.</param>
    /// <returns>The checkpoint's folder.</returns>
    /// <exception cref="IOException">The disk refuses; earlier checkpoints are untouched.</exception>
    public static string Save(RunFolder run, Gpt model, FusedAdamW optimizer, TrainingState state, bool isBest, int keep)
    {
        string target = Publish(run, state, new SortedDictionary<string, Action<Stream>>(StringComparer.Ordinal)
        {
            [ModelFile] = stream => Gpt2Weights.Save(stream, model),
            [OptimizerFile] = stream => SafeTensors.Write(stream, [.. optimizer.State]),
        });
        if (isBest) run.WriteBest(state.Step); // first: a crash before the next line only means that this step is made again
        run.WriteLatest(state.Step);
        run.Prune(keep);
        return target;
    }

    /// <summary>
    /// Saves a model that comes from elsewhere as step 0 of a run that has made none: it can be sampled, evaluated, exported and trained further, but
    /// not resumed.
    /// </summary>
    /// <param name="run">The run's folder.</param>
    /// <param name="weights">The tensors that <see cref="Gpt2Weights.Describe"/> names, in its order.</param>
    /// <param name="progress">Told the bytes of values that have been written so far.</param>
    /// <param name="cancel">Stops between two tensors.</param>
    /// <exception cref="IOException">The disk refuses.</exception>
    public static void SaveWeights(RunFolder run, IReadOnlyCollection<TensorToWrite> weights, IProgress<long>? progress = null, CancellationToken cancel = default)
    {
        Publish(run, new TrainingState(), new SortedDictionary<string, Action<Stream>>
        {
            [ModelFile] = stream => SafeTensors.Write(stream, weights, progress, cancel),
        });
        run.WriteLatest(0);
    }

    /// <summary>Whether a run can go on from here: an imported model has weights alone.</summary>
    /// <param name="folder">A step's folder.</param>
    public static bool CanResume(string folder) => File.Exists(Path.Combine(folder, OptimizerFile));

    /// <summary>Reads a checkpoint's weights into a model of the same shape, and for a resume its moments too.</summary>
    /// <param name="folder">A step's folder.</param>
    /// <param name="model">Receives the weights.</param>
    /// <param name="optimizer">Receives moments and step count; null where only the weights matter.</param>
    /// <returns>Where the run stood.</returns>
    /// <exception cref="InputException">Something is missing, damaged (its checksum differs) or of another shape.</exception>
    public static TrainingState Load(string folder, Gpt model, FusedAdamW? optimizer = null)
    {
        TrainingState state = ReadState(folder);
        using (SafeTensorsReader weights = OpenVerified(folder, ModelFile, state)) Gpt2Weights.Load(weights, model);
        if (optimizer is not null)
        {
            using SafeTensorsReader moments = OpenVerified(folder, OptimizerFile, state);
            LoadMoments(moments, optimizer);
            optimizer.RestoreStepCount(state.Step);
        }
        return state;
    }

    /// <summary>Opens a checkpoint's weights, to be read one tensor at a time. The caller owns the reader.</summary>
    /// <param name="folder">A step's folder.</param>
    /// <exception cref="InputException">Something is missing or damaged (its checksum differs).</exception>
    public static SafeTensorsReader OpenWeights(string folder) => OpenVerified(folder, ModelFile, ReadState(folder));

    /// <summary>Begins a model of the same shape, or of a shorter context, with a checkpoint's weights.</summary>
    /// <param name="folder">A step's folder.</param>
    /// <param name="model">Receives the weights.</param>
    /// <exception cref="InputException">Something is missing, damaged or of another shape.</exception>
    public static void LoadInitialWeights(string folder, Gpt model)
    {
        using SafeTensorsReader weights = OpenWeights(folder);
        Gpt2Weights.Load(weights, model, morePositions: true);
    }

    /// <summary>Writes the files and state.json into a folder of a temporary name, which then gets the step's name.</summary>
    private static string Publish(RunFolder run, TrainingState state, IReadOnlyDictionary<string, Action<Stream>> files)
    {
        string target = run.StepPath(state.Step), temporary = $"{target}.{Environment.ProcessId}.tmp";
        if (Directory.Exists(temporary)) Directory.Delete(temporary, recursive: true);
        Directory.CreateDirectory(temporary);
        try
        {
            var checksums = new SortedDictionary<string, string>(StringComparer.Ordinal);
            foreach ((string name, Action<Stream> write) in files) checksums[name] = WriteHashed(Path.Combine(temporary, name), write);
            DurableFile.WriteText(Path.Combine(temporary, StateFile), JsonSerializer.Serialize(state with { Checksums = checksums }, s_json));
            ReplaceFolder(temporary, target);
            return target;
        }
        catch
        {
            Directory.Delete(temporary, recursive: true);
            throw;
        }
    }

    /// <summary>Renames the folder. One that is there (the same step, made again after a resume) is out of the way first and deleted last.</summary>
    private static void ReplaceFolder(string temporary, string target)
    {
        string old = target + ".old.tmp";
        if (Directory.Exists(old)) Directory.Delete(old, recursive: true);
        if (Directory.Exists(target)) Directory.Move(target, old);
        Directory.Move(temporary, target);
        if (Directory.Exists(old)) Directory.Delete(old, recursive: true);
    }

    private static void LoadMoments(SafeTensorsReader file, FusedAdamW optimizer)
    {
        using var noGradient = no_grad();
        foreach ((string name, Tensor value) in optimizer.State)
        {
            if (file.ShapeOf(name) is null && name.StartsWith(LossScaler.StatePrefix, StringComparison.Ordinal)) continue; // fp16 begins here
            if (file.ShapeOf(name) is not { } shape || !shape.SequenceEqual(value.shape))
            {
                throw new InputException($"The optimiser's state '{file.Path}' has no '{name}' of shape ({string.Join(", ", value.shape)}), so this run " +
                    "cannot be continued with the present configuration.");
            }
            using Tensor saved = file.Read(name);
            value.copy_(saved);
        }
    }

    /// <summary>Reads where a checkpoint's run stood.</summary>
    /// <param name="folder">A step's folder.</param>
    /// <exception cref="InputException">It is not a checkpoint, or it is damaged.</exception>
    public static TrainingState ReadState(string folder)
    {
        string path = Path.Combine(folder, StateFile);
        if (!File.Exists(path)) throw new InputException($"'{folder}' is not a checkpoint: it has no {StateFile}.");
        try
        {
            TrainingState state = JsonSerializer.Deserialize<TrainingState>(File.ReadAllText(path), s_json)
                ?? throw new InputException($"'{path}' is empty; use another checkpoint.");
            if (state.FormatVersion != 1) throw new InputException($"'{path}' has format version {state.FormatVersion}; this program knows version 1.");
            return state;
        }
        catch (JsonException e)
        {
            throw new InputException($"'{path}' is damaged (line {e.LineNumber + 1} is not valid JSON); use another checkpoint.", e);
        }
    }

    private static SafeTensorsReader OpenVerified(string folder, string name, TrainingState state)
    {
        string path = Path.Combine(folder, name);
        if (!File.Exists(path)) throw new InputException($"The checkpoint '{folder}' lacks {name}; use another checkpoint.");
        using FileStream stream = File.OpenRead(path);
        if (Convert.ToHexStringLower(SHA256.HashData(stream)) != state.Checksums?.GetValueOrDefault(name))
        {
            throw new InputException($"'{path}' is damaged: its checksum is not the one in {StateFile}; use another checkpoint.");
        }
        return new SafeTensorsReader(path);
    }

    private static string WriteHashed(string path, Action<Stream> write)
    {
        using var sha = SHA256.Create();
        DurableFile.Write(path, file =>
        {
            using var hashing = new CryptoStream(file, sha, CryptoStreamMode.Write, leaveOpen: true);
            write(hashing);
        });
        return Convert.ToHexStringLower(sha.Hash!);
    }
}
