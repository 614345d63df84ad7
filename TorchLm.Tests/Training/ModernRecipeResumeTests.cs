using TorchLm.Core.Configuration;

namespace TorchLm.Tests.Training;

/// <summary>Every choice of an optimiser, schedule, warm-up and average resumes as AdamW does.</summary>
public class ModernRecipeResumeTests
{
    private static readonly OptimizerConfig s_optimizer = TestRun.Config.Optimizer;

    public static TheoryData<string> Optimizers => ["muon", "lion", "sgd"];

    public static TheoryData<string> Schedules => ["linear", "constant", "wsd", "inverse-sqrt"];

    [Theory]
    [MemberData(nameof(Optimizers))]
    public void Each_optimiser_resumes_bit_for_bit(string name) =>
        ResumeTests.AssertResumesExactly(TestRun.Config with { Optimizer = s_optimizer with { Name = name, MuonMomentumWarmupSteps = 70 } }, 33, 60);

    [Theory]
    [MemberData(nameof(Schedules))]
    public void Each_schedule_resumes_bit_for_bit(string schedule) =>
        ResumeTests.AssertResumesExactly(TestRun.Config with { Optimizer = s_optimizer with { Schedule = schedule } }, 85);

    [Theory]
    [InlineData("adamw", 3)]
    [InlineData("muon", 41)]
    public void Cautious_decay_and_an_average_of_the_weights_resume_bit_for_bit(string name, int stop) =>
        ResumeTests.AssertResumesExactly(TestRun.Config with { Optimizer = s_optimizer with { Name = name, Cautious = true, AverageDecay = 0.95 } }, stop, 60);

    [Theory]
    [InlineData(1, 5, 22, 60)]
    [InlineData(3, 31, 47)]
    public void Growing_batches_and_contexts_resume_bit_for_bit(int accumulation, params int[] stops)
    {
        TrainingConfig training = TestRun.Config.Training with
        {
            BatchSize = 4, GradientAccumulationSteps = accumulation, BatchWarmupSteps = 45, ContextWarmupSteps = 30, ContextWarmupFactor = 8,
        };
        ResumeTests.AssertResumesExactly(TestRun.Config with { Training = training }, stops);
    }
}
