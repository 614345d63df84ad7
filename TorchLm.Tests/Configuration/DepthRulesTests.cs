using System.Globalization;
using TorchLm.Core;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Tests.Train;
using TorchSharp;

namespace TorchLm.Tests.Configuration;

/// <summary>The rules of depth. Expected numbers were worked out by hand from the formulas in docs/depth.md.</summary>
public class DepthRulesTests
{
    public static TheoryData<int> Depths => [.. Enumerable.Range(DepthRules.Least, DepthRules.Most)];

    [Theory]
    [InlineData(2, 128, 128, 1024, 656_896, 16, 1, 3840, 0.01)]
    [InlineData(4, 256, 256, 2048, 4_200_448, 32, 2, 3840, 0.0071)]
    [InlineData(6, 384, 512, 4096, 13_776_384, 16, 8, 3240, 0.0058)]
    [InlineData(12, 768, 1024, 32_768, 135_321_600, 8, 64, 3240, 0.0041)]
    public void A_depth_decides_everything(int depth, int width, int context, int vocabulary, long parameters, int sequences, int accumulated,
        int steps, double rate)
    {
        RunConfig run = DepthRules.Configure(depth);
        Assert.Equal((depth, depth, width, context), (run.Model.LayerCount, run.Model.HeadCount, run.Model.EmbeddingSize, run.Model.ContextLength));
        Assert.Equal(("bpe", vocabulary), (run.Data.Tokenizer, run.Data.VocabularySize));
        Assert.Equal(parameters, ModelCost.Parameters(run.Model with { VocabularySize = vocabulary }));
        Assert.Equal((sequences, accumulated, steps), (run.Training.BatchSize, run.Training.GradientAccumulationSteps, run.Training.Steps));
        Assert.Equal((rate, 0.02, 0), (run.Optimizer.LearningRate, run.Optimizer.MuonLearningRate, run.Optimizer.MinLearningRate));
        Assert.Equal((steps / 20, steps / 10), (run.Training.EvalInterval, run.Training.SaveInterval));
    }

    [Theory]
    [MemberData(nameof(Depths))]
    public void Every_depth_is_a_valid_configuration_that_keeps_the_rules(int depth)
    {
        RunConfig run = RunConfig.Parse(DepthRules.Configure(depth).ToJson(), "it");
        Assert.Equal(DepthRules.Configure(depth), run);
        ModelConfig model = run.Model with { VocabularySize = run.Data.VocabularySize };
        model.Validate();
        Assert.Equal(64, model.HeadSize);
        Assert.Equal(0, model.VocabularySize % model.VocabularyMultiple);

        long c = 64L * depth, matrices = 12 * depth * c * c;
        Assert.Equal(matrices, DepthRules.MatrixParameters(depth));
        long tables = 2 * c * model.VocabularySize, convolutions = depth * 2 * 3 * c; // embedding and head; two of width 3 in a block
        Assert.Equal(matrices + tables + convolutions, ModelCost.Parameters(model));
        TrainingConfig training = run.Training;
        Assert.InRange(training.BatchSize * model.ContextLength, 1, 8192);
        long batch = (long)training.BatchSize * training.GradientAccumulationSteps * model.ContextLength;
        Assert.Equal(DepthRules.BatchTokens(depth), batch);
        Assert.True(long.IsPow2(batch));
        Assert.Equal(20.0, (double)(batch * training.Steps) / matrices, 0.1);
        Assert.Equal((0, 0), (training.Steps % training.EvalInterval, training.Steps % training.SaveInterval));
    }

    [Fact]
    public void What_grows_with_depth_never_shrinks()
    {
        for (int depth = DepthRules.Least; depth < DepthRules.Most; depth++)
        {
            RunConfig small = DepthRules.Configure(depth), large = DepthRules.Configure(depth + 1);
            Assert.True(large.Model.ContextLength >= small.Model.ContextLength && large.Data.VocabularySize >= small.Data.VocabularySize);
            Assert.True(DepthRules.BatchTokens(large.Model.LayerCount) >= DepthRules.BatchTokens(small.Model.LayerCount));
            Assert.True(large.Optimizer.LearningRate <= small.Optimizer.LearningRate);
            Assert.True(Tokens(large) > Tokens(small));
        }
    }

    [Fact]
    public void A_model_has_as_many_numbers_as_the_rules_say()
    {
        RunConfig run = DepthRules.Configure(2);
        using var model = new Gpt(run.Model with { VocabularySize = run.Data.VocabularySize }, seed: 1, torch.CPU, Precision.Float32);
        Assert.Equal(656_896, model.parameters().Sum(p => p.numel()));
    }

    [Fact]
    public void The_guide_s_table_is_what_the_rules_give()
    {
        string[][] rows = GuideRows(columns: 11);
        Assert.Equal(["2", "3", "4", "6", "8", "12"], rows.Select(cells => cells[0]));
        foreach (string[] cells in rows)
        {
            RunConfig run = DepthRules.Configure(int.Parse(cells[0], CultureInfo.InvariantCulture));
            ModelConfig m = run.Model with { VocabularySize = run.Data.VocabularySize };
            object[] expected =
            [
                m.LayerCount, m.EmbeddingSize, m.HeadCount, m.ContextLength, m.VocabularySize, ModelCost.Parameters(m),
                $"{run.Training.BatchSize} x {run.Training.GradientAccumulationSteps}", DepthRules.BatchTokens(m.LayerCount), run.Training.Steps,
                Tokens(run), run.Optimizer.LearningRate,
            ];
            Assert.Equal(expected.Select(value => string.Create(CultureInfo.InvariantCulture, $"{value}")), cells);
        }
    }

    [Fact]
    public void What_the_guide_says_was_tried_is_what_the_rules_give()
    {
        string[][] rows = GuideRows(columns: 5);
        Assert.NotEmpty(rows);
        foreach (string[] cells in rows)
        {
            RunConfig run = DepthRules.Configure(int.Parse(cells[0], CultureInfo.InvariantCulture));
            long parameters = ModelCost.Parameters(run.Model with { VocabularySize = run.Data.VocabularySize });
            Assert.Equal([parameters.ToString(CultureInfo.InvariantCulture), Tokens(run).ToString(CultureInfo.InvariantCulture)], cells[1..3]);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-3)]
    [InlineData(25)]
    public void Other_depths_are_refused(int depth) =>
        Assert.Equal($"The depth is {depth}, but it must be at least 1 and at most 24.",
            Assert.Throws<InputException>(() => DepthRules.Configure(depth)).Message);

    private static long Tokens(RunConfig run) => (long)DepthRules.BatchTokens(run.Model.LayerCount) * run.Training.Steps;

    /// <summary>The guide's rows of so many columns that begin with a depth, thousands written without separators.</summary>
    private static string[][] GuideRows(int columns) =>
    [
        .. File.ReadLines(Path.Combine(ProgramProcess.RepositoryRoot, "docs/depth.md"))
            .Select(line => line.Replace(",", "", StringComparison.Ordinal).Trim('|').Split('|', StringSplitOptions.TrimEntries))
            .Where(cells => cells.Length == columns && int.TryParse(cells[0], out _)),
    ];
}
