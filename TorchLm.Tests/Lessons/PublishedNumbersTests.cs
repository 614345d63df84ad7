using TorchLm.Lessons;

namespace TorchLm.Tests.Lessons;

/// <summary>What the tutorials' examples come to, number by number.</summary>
public class PublishedNumbersTests
{
    [Fact]
    public void Neuron()
    {
        LessonRun run = LessonRun.Of("neuron");
        double[] known = [.. new[] { "z", "prediction", "loss", "dLossDw", "dLossDb", "newW", "newB", "newPrediction", "newLoss" }.SelectMany(n => KnownAnswers.Of("singleNeuron/" + n))];
        run.AssertKnown("forward, gradients and one step", known, 1e-12);
        Assert.Contains("after one step  0.518717  0.109359    0.758925  0.058117", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Chain_rule() => LessonRun.Of("chain-rule").AssertKnown("value and slope of (2x)^2", [.. KnownAnswers.Of("chainRule/output"), .. KnownAnswers.Of("chainRule/gradient")], 1e-14);

    [Fact]
    public void Losses()
    {
        LessonRun run = LessonRun.Of("losses");
        run.AssertKnown("-log p", [.. new[] { "0.9", "0.5", "0.3", "0.1", "0.01" }.SelectMany(p => KnownAnswers.Of("crossEntropy/" + p))], 1e-12);
        double mse = Assert.Single(KnownAnswers.Of("meanSquaredError/mse"));
        run.AssertKnown("mean squared error", [mse, mse], 1e-12);
        run.AssertKnown("binary cross-entropy and its slope", [.. KnownAnswers.Of("studentExam/lossExampleTarget0/loss"), .. KnownAnswers.Of("studentExam/lossExampleTarget0/dLossDlogit")], 1e-12);
    }

    [Fact]
    public void Activations() => LessonRun.Of("activations").AssertKnown("gradient through 10, 20 and 48 sigmoids",
        [.. new[] { "0.25^10", "0.25^20", "0.25^48" }.SelectMany(n => KnownAnswers.Of("vanishingGradient/" + n))], 1e-12);

    [Fact]
    public void Exam()
    {
        LessonRun run = LessonRun.Of("exam");
        double[] values = run.Values("forward: sums, logit and probability");
        double[] known = [.. new[] { "z1", "a1", "logit", "probability" }.SelectMany(n => KnownAnswers.Of("studentExam/" + n))];
        Assert.Equal(known.Length, values.Length);
        Assert.All(values.Zip(known), v => Assert.Equal(v.Second, v.First, 1e-15));
        Assert.Contains("the student passes with 56.5 %", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("xor221")]
    [InlineData("xor241")]
    public void Xor(string network)
    {
        XorTraining training = XorLesson.Train(network == "xor221" ? XorLesson.TwoHidden : XorLesson.FourHidden);
        AssertNear(KnownAnswers.Of(network + "/initialW1"), training.InitialWeights[0], 1e-15);
        AssertNear(KnownAnswers.Of(network + "/initialW2"), training.InitialWeights[2], 1e-15);
        Assert.All(KnownAnswers.Trace(network), t =>
        {
            Assert.Equal(t.Loss, training.Losses[t.Epoch], 1e-9);
            Assert.Equal(t.Correct, training.Correct[t.Epoch]);
        });
        foreach ((int i, string name) in new[] { (0, "W1"), (1, "b1"), (2, "W2"), (3, "b2") }) AssertNear(KnownAnswers.Of($"{network}/firstStepGradients/{name}"), training.FirstGradients[i], 1e-14);
        double[] hidden = KnownAnswers.Of(network + "/final/hidden"), predictions = KnownAnswers.Of(network + "/final/predictions");
        AssertNear(hidden, [.. training.Hidden.SelectMany(h => h)], 1e-3);
        AssertNear(predictions, training.Predictions, 1e-3);
        double[] after = [training.Predict(0, 0), training.Predict(0, 1), training.Predict(1, 0), training.Predict(1, 1)];
        Assert.True(Near(predictions, training.Predictions, 1e-9) || Near(predictions, after, 1e-9), "neither before nor after the last update");
    }

    [Fact]
    public void Xors_table_is_printed_to_its_last_digit()
    {
        string output = LessonRun.Of("xor").Output;
        foreach (string row in new[] { "0  0.25454656  0.25454656  2 of 4", "2,000  0.00092435  0.00092435  4 of 4", "4,000  0.00038260  0.00038260  4 of 4", "6,000  0.00023869  0.00023869  4 of 4", "8,000  0.00017278  0.00017278  4 of 4" })
        {
            Assert.Contains(row, output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Next_token()
    {
        NextTokenTraining training = NextTokenLesson.Train(500, 0);
        AssertNear(KnownAnswers.Of("nextToken/initialW1"), training.InitialWeights[0], 1e-15);
        AssertNear(KnownAnswers.Of("nextToken/initialW2"), training.InitialWeights[2], 1e-15);
        Assert.All(KnownAnswers.Trace("nextToken"), t =>
        {
            Assert.Equal(t.Loss, training.Losses[t.Epoch], 1e-9);
            Assert.Equal(t.Correct, training.Correct[t.Epoch]);
        });
        AssertNear(KnownAnswers.Of("nextToken/final/probabilityOfNext"), [.. Enumerable.Range(0, 4).Select(i => training.Probabilities[i][i + 1])], 1e-9);
    }

    private static bool Near(double[] expected, double[] actual, double tolerance) => expected.Length == actual.Length && expected.Zip(actual).All(v => Math.Abs(v.First - v.Second) <= tolerance);

    private static void AssertNear(double[] expected, double[] actual, double tolerance) => Assert.True(Near(expected, actual, tolerance), $"{string.Join(" ", actual)} instead of {string.Join(" ", expected)}");
}
