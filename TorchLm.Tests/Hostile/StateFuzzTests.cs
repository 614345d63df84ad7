using System.Text;
using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Training;

namespace TorchLm.Tests.Hostile;

/// <summary>Damaged states and pointers of a run: each is read, or refused in a sentence.</summary>
public sealed class StateFuzzTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>With its own checksum no change of any kind passes.</summary>
    [Fact]
    public void No_changed_state_is_believed()
    {
        byte[] state = State(new TrainingState { Step = 7, BestLoss = 2.5 });
        Fuzzer.Run("state.json", 1500, seed => Changed(state, seed), bytes =>
        {
            _folder.Write("step-00000007/state.json", bytes);
            Checkpoint.ReadState(_folder["step-00000007"]);
            throw new InvalidOperationException("It was believed.");
        }, leastRefused: 1);
    }

    /// <summary>Version 1 had none: whatever is believed must be possible.</summary>
    [Fact]
    public void A_changed_state_without_a_checksum_is_refused_or_possible()
    {
        byte[] state = Encoding.UTF8.GetBytes("""
            {"formatVersion":1,"step":7,"tokens":700,"bestLoss":2.5,"evaluationsSinceBest":1,"evaluationDue":false,"trainingSeconds":1.5,"pendingLoss":3.25,
             "pendingSteps":2,"configHash":"ab","checksums":{"model.safetensors":"00","optimizer.safetensors":"01"},"trend":{"count":1,"mean":2,"variance":0},
             "microBatch":2,"learningRateFactor":0.5}
            """);
        Fuzzer.Run("state.json of version 1", 1500, seed => JsonMutation.Of(state, seed), bytes =>
        {
            _folder.Write("step-00000007/state.json", bytes);
            TrainingState read = Checkpoint.ReadState(_folder["step-00000007"]);
            Assert.Equal(7, read.Step);
            Assert.True(read.MicroBatch is null or > 0 && read.LearningRateFactor is > 0 and <= 1 && read.Trend is not null);
        });
    }

    [Theory]
    [InlineData("latest.json")]
    [InlineData("best.json")]
    public void A_pointer_names_a_checkpoint_of_the_run_or_nothing(string name)
    {
        var run = new RunFolder(_folder.Path);
        run.WriteLatest(40);
        byte[] pointer = File.ReadAllBytes(_folder["latest.json"]);
        Fuzzer.Run(name, 1500, seed => JsonMutation.Of(pointer, seed), bytes =>
        {
            _folder.Write(name, bytes);
            long step = (name == "best.json" ? run.BestStep : run.LatestStep)!.Value;
            Assert.True(step >= 0);
        });
    }

    private static byte[] Changed(byte[] state, int seed)
    {
        byte[] changed = seed % 2 == 0 ? JsonMutation.Of(state, seed) : Mutation.Of(state, seed);
        return changed.AsSpan().SequenceEqual(state) ? [] : changed;
    }

    private byte[] State(TrainingState state)
    {
        Directory.CreateDirectory(_folder["step-00000007"]);
        StateFile.Write(_folder["step-00000007"], state, new Dictionary<string, string> { ["model.safetensors"] = "00" });
        return File.ReadAllBytes(_folder["step-00000007/state.json"]);
    }
}
