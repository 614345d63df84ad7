using TorchLm.Core;
using TorchLm.Core.Configuration;
using TorchLm.Core.Devices;
using TorchLm.Core.Model;
using TorchLm.Core.Training;
using TorchLm.Data.Datasets;
using TorchLm.Data.Loading;

namespace TorchLm.Train.Commands;

/// <summary>What each process of a run needs: a model, and what it is trained and measured on.</summary>
internal sealed class TrainingParts : IDisposable
{
    /// <summary>Makes the model with fresh weights, and opens the data.</summary>
    /// <exception cref="InputException">There is no validation split, or the data does not fit the model.</exception>
    public TrainingParts(RunConfig config, TokenDataset dataset, DeviceChoice device, Precision precision)
    {
        (ModelConfig shape, TrainingConfig training) = (config.Model, config.Training);
        Dataset = dataset;
        DatasetSplit validation = dataset.Val ?? throw new InputException(
            $"The data set '{dataset.Folder}' has no validation split, which training is measured on; prepare it with --val-fraction above 0.");
        ModelMemory.Require(shape, device.Device);
        Model = new Gpt(shape, training.Seed, device.Device, precision);
        Batches = new BatchLoader(dataset.Train, training.BatchSize, shape.ContextLength, shape.VocabularySize, training.Seed, device.Device);
        Validation = new EvaluationSource(validation, training.EvalBatches, training.BatchSize, shape.ContextLength, shape.VocabularySize, training.Seed, device.Device);
    }

    public TokenDataset Dataset { get; }

    public Gpt Model { get; }

    public BatchLoader Batches { get; }

    public EvaluationSource Validation { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Validation.Dispose();
        Batches.Dispose();
        Model.Dispose();
    }
}
