using System.Security.Cryptography;
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
    private const string ModelFile = "model.safetensors", OptimizerFile = "optimizer.safetensors";

    /// <summary>Saves everything that the run needs to continue, points latest.json to it, and best.json as well where it is the best.</summary>
    /// <param name="run">The run's folder.</param>
    /// <param name="model">The weights.</param>
    /// <param name="optimizer">The moments.</param>
    /// <param name="state">Where the run stands.</param>
    /// <param name="isBest">Whether the validation loss was never lower.</param>
    /// <param name="keep">How many of the last checkpoints stay; the best stays always.</param>
    /// <returns>The checkpoint's folder.</returns>
    /// <exception cref="IOException">The disk refuses; earlier checkpoints are untouched.</exception>
    public static string Save(RunFolder run, Gpt model, Optimizer optimizer, TrainingState state, bool isBest, int keep)
    {
        Directory.CreateDirectory(run.Path);
        string folder = Save(run, CheckpointContent.Of(model, optimizer), state, isBest, TimeSpan.Zero);
        run.Prune(keep);
        return folder;
    }

    /// <summary>Saves tensors that may be copies of the model's; older checkpoints stay.</summary>
    /// <param name="run">The run's folder.</param>
    /// <param name="content">Weights and moments.</param>
    /// <param name="state">Where the run stood when they were so.</param>
    /// <param name="isBest">Whether the validation loss was never lower.</param>
    /// <param name="pause">Makes the disk slow, for tests: <see cref="InjectedFaults.SavePause"/>.</param>
    internal static string Save(RunFolder run, CheckpointContent content, TrainingState state, bool isBest, TimeSpan pause)
    {
        DiskRoom.Require(run.Path, content.Bytes);
        string target = Publish(run, state, pause, (ModelFile, stream => SafeTensors.Write(stream, content.Weights)),
            (OptimizerFile, stream => SafeTensors.Write(stream, content.Moments)));
        Thread.Sleep(pause);
        if (isBest) run.WriteBest(state.Step); // first: a crash before the next line only means that this step is made again
        run.WriteLatest(state.Step);
        Thread.Sleep(pause);
        return target;
    }

    /// <summary>
    /// Saves a model that comes from elsewhere as step 0 of a run that has made none: it can be sampled, evaluated, exported and trained further, but
    /// not resumed.
    /// </summary>
    /// <param name="run">The run's folder.</param>
    /// <param name="weights">The tensors that <see cref="ModelWeights.Describe"/> names, in its order.</param>
    /// <param name="progress">Told the bytes of values that have been written so far.</param>
    /// <param name="cancel">Stops between two tensors.</param>
    /// <exception cref="IOException">The disk refuses.</exception>
    public static void SaveWeights(RunFolder run, IReadOnlyCollection<TensorToWrite> weights, IProgress<long>? progress = null, CancellationToken cancel = default)
    {
        Directory.CreateDirectory(run.Path);
        DiskRoom.Require(run.Path, weights.Sum(SafeTensors.BytesOf));
        Publish(run, new TrainingState(), TimeSpan.Zero, (ModelFile, stream => SafeTensors.Write(stream, weights, progress, cancel)));
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
    public static TrainingState Load(string folder, Gpt model, Optimizer? optimizer = null)
    {
        TrainingState state = ReadState(folder);
        using (SafeTensorsReader weights = OpenVerified(folder, ModelFile, state)) ModelWeights.Load(weights, model);
        if (optimizer is not null)
        {
            using SafeTensorsReader moments = OpenVerified(folder, OptimizerFile, state);
            optimizer.Average?.Restart(); // the file's model is the mean, where one was kept
            LoadMoments(moments, optimizer);
            LoadTrained(moments, model);
            if (state.FormatVersion == 1) state = state with { SkippedUpdates = SkippedUntil(moments) };
            optimizer.RestoreCounts(state.Step, state.SkippedUpdates);
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
        ModelWeights.Load(weights, model, morePositions: true);
    }

    /// <summary>Finds out whether all of a checkpoint is there as it was written.</summary>
    /// <param name="folder">A step's folder.</param>
    /// <exception cref="InputException">Something is missing or damaged; the sentence names the file.</exception>
    public static void Verify(string folder)
    {
        TrainingState state = ReadState(folder);
        OpenVerified(folder, ModelFile, state).Dispose();
        OpenVerified(folder, OptimizerFile, state).Dispose();
    }

    /// <summary>Reads where a checkpoint's run stood.</summary>
    /// <param name="folder">A step's folder.</param>
    /// <exception cref="InputException">It is not a checkpoint, or it is damaged.</exception>
    public static TrainingState ReadState(string folder) => StateFile.Read(folder);

    /// <summary>Writes the files and state.json into a folder of a temporary name, puts it on the disk, and gives it the step's name.</summary>
    private static string Publish(RunFolder run, TrainingState state, TimeSpan pause, params ReadOnlySpan<(string Name, Action<Stream> Write)> files)
    {
        string target = run.StepPath(state.Step), temporary = $"{target}.{Environment.ProcessId}.tmp";
        if (Directory.Exists(temporary)) Directory.Delete(temporary, recursive: true);
        Directory.CreateDirectory(temporary);
        try
        {
            var checksums = new SortedDictionary<string, string>(StringComparer.Ordinal);
            foreach ((string name, Action<Stream> write) in files)
            {
                checksums[name] = WriteHashed(Path.Combine(temporary, name), write, pause);
                Thread.Sleep(pause);
            }
            StateFile.Write(temporary, state, checksums); // its flush of the folder is the files' as well
            Thread.Sleep(pause);
            run.Replace(temporary, state.Step);
            return target;
        }
        catch
        {
            if (Directory.Exists(temporary)) Directory.Delete(temporary, recursive: true);
            throw;
        }
    }

    /// <summary>In format version 1 the loss scaler counted the updates that were left out, and there were none without it.</summary>
    private static long SkippedUntil(SafeTensorsReader moments)
    {
        const string Name = LossScaler.StatePrefix + "skipped";
        if (moments.ShapeOf(Name) is not []) return 0;
        using Tensor count = moments.Read(Name);
        return (long)count.item<float>();
    }

    private static void LoadMoments(SafeTensorsReader file, Optimizer optimizer)
    {
        using var noGradient = no_grad();
        foreach (OptimizerTensor tensor in optimizer.Checkpointed)
        {
            string name = tensor.Name;
            if (name.EndsWith(WeightAverage.TrainedSuffix, StringComparison.Ordinal)) continue; // LoadTrained's
            if (file.ShapeOf(name) is null && name.StartsWith(LossScaler.StatePrefix, StringComparison.Ordinal)) continue; // fp16 begins here
            Restore(file, name, tensor.Shape, tensor.Write);
        }
    }

    /// <summary>Reads the trained weights where the checkpoint's model is their mean, whether or not a mean is kept from here on.</summary>
    private static void LoadTrained(SafeTensorsReader file, Gpt model)
    {
        using var noGradient = no_grad();
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in model.named_parameters())
        {
            if (file.ShapeOf(name + WeightAverage.TrainedSuffix) is not null) Restore(file, name + WeightAverage.TrainedSuffix, parameter.shape, v => parameter.copy_(v));
        }
    }

    private static void Restore(SafeTensorsReader file, string name, long[] expected, Action<Tensor> write)
    {
        if (file.ShapeOf(name) is not { } shape || !shape.SequenceEqual(expected))
        {
            throw new InputException($"The optimiser's state '{file.Path}' has no '{name}' of shape ({string.Join(", ", expected)}), so this run " +
                "cannot be continued with the present configuration.");
        }
        using Tensor saved = file.Read(name);
        write(saved);
    }

    private static SafeTensorsReader OpenVerified(string folder, string name, TrainingState state)
    {
        string path = Path.Combine(folder, name);
        if (!File.Exists(path)) throw new InputException($"The checkpoint '{folder}' lacks {name}; use another checkpoint.");
        using FileStream stream = File.OpenRead(path);
        if (Convert.ToHexStringLower(SHA256.HashData(stream)) != state.Checksums?.GetValueOrDefault(name))
        {
            throw new InputException($"'{path}' is damaged: its checksum is not the one in {StateFile.Name}; use another checkpoint.");
        }
        return new SafeTensorsReader(path);
    }

    private static string WriteHashed(string path, Action<Stream> write, TimeSpan pause)
    {
        using var sha = SHA256.Create();
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
        using (var hashing = new CryptoStream(pause > TimeSpan.Zero ? new PausingStream(file, pause) : file, sha, CryptoStreamMode.Write, leaveOpen: true))
        {
            write(hashing);
        }
        file.Flush(flushToDisk: true);
        return Convert.ToHexStringLower(sha.Hash!);
    }
}
