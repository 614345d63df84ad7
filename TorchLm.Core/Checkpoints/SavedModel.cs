using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using static TorchSharp.torch;

namespace TorchLm.Core.Checkpoints;

/// <summary>A trained model on disk: a run's folder or one of its checkpoints.</summary>
/// <param name="Run">The run.</param>
/// <param name="CheckpointPath">The checkpoint's folder.</param>
/// <param name="Config">The run's configuration.</param>
public sealed record SavedModel(RunFolder Run, string CheckpointPath, RunConfig Config)
{
    /// <summary>Finds the model that a path means: of a run's folder the best checkpoint, else the latest; of a step's folder that step.</summary>
    /// <exception cref="InputException">There is no model there.</exception>
    public static SavedModel Find(string path)
    {
        if (!Directory.Exists(path)) throw new InputException($"There is no folder '{path}'; name a run's folder, such as checkpoints/fables.");
        var run = new RunFolder(path);
        if (run.Exists)
        {
            long step = run.BestStep ?? run.LatestStep ?? throw new InputException($"The run in '{path}' has no checkpoint yet.");
            return new SavedModel(run, run.StepPath(step), run.ReadConfig());
        }
        var parent = new RunFolder(Path.Combine(run.Path, ".."));
        if (parent.Exists) return new SavedModel(parent, run.Path, parent.ReadConfig());
        throw new InputException($"'{path}' holds no model: neither it nor the folder above has a config.json.");
    }

    /// <summary>Reads the weights. The caller owns the model.</summary>
    /// <exception cref="InputException">The checkpoint is damaged or does not fit its configuration.</exception>
    public Gpt Load(Device device)
    {
        CheckShape();
        var model = new Gpt(Config.Model, 0, device);
        try
        {
            Checkpoint.Load(CheckpointPath, model);
            model.eval();
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>
    /// A configuration from elsewhere may promise any shape: the weights' header, which is held against their file, must agree before memory is taken for it.
    /// </summary>
    private void CheckShape()
    {
        string weights = Path.Combine(CheckpointPath, "model.safetensors");
        if (!File.Exists(weights)) return; // said by who reads the checkpoint
        try
        {
            using var reader = new SafeTensorsReader(weights);
            ModelWeights.Check(reader, Config.Model);
        }
        catch (InputException)
        {
            Checkpoint.OpenWeights(CheckpointPath).Dispose(); // says of a file that is damaged that it is, rather than what looks odd in it
            throw;
        }
    }
}
