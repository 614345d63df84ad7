using TorchLm.Core;
using TorchLm.Core.Model;
using TorchLm.Core.Training;
using TorchLm.Tests.Model;

namespace TorchLm.Tests.Training;

public class EvaluatorTests
{
    [Fact]
    public void Each_token_weighs_the_same_in_batches_of_different_size()
    {
        using Gpt model = TinyGpt.WithWideWeights(TinyGpt.Config);
        ReferenceGpt reference = ReferenceGpt.Of(model);
        (long[][] Inputs, long[][] Targets)[] parts =
        [
            (TinyGpt.RandomRows(3, 8, 11, 1), TinyGpt.RandomRows(3, 8, 11, 2)), (TinyGpt.RandomRows(1, 2, 11, 3), TinyGpt.RandomRows(1, 2, 11, 4)),
        ];
        Evaluation result = Evaluator.Evaluate(model, new ValidationBatches(_ => parts.Select(p => new Batch(TinyGpt.Ids(p.Inputs), TinyGpt.Ids(p.Targets))))
        {
            BytesPerToken = 4,
        });
        double expected = (24 * reference.Loss(parts[0].Inputs, parts[0].Targets) + 2 * reference.Loss(parts[1].Inputs, parts[1].Targets)) / 26;
        Assert.Equal(26, result.Tokens);
        Assert.Equal(expected, result.Loss, 1e-5);
        Assert.Equal(Math.Exp(expected), result.Perplexity, 1e-5 * Math.Exp(expected));
        Assert.Equal(expected / Math.Log(2) / 4, result.BitsPerByte!.Value, 1e-5);
    }

    [Fact]
    public void Fewer_targets_than_inputs_are_those_of_the_last_positions()
    {
        using Gpt model = TinyGpt.WithWideWeights(TinyGpt.Config);
        ReferenceGpt reference = ReferenceGpt.Of(model);
        long[][] inputs = TinyGpt.RandomRows(3, 8, 11, 1), targets = TinyGpt.RandomRows(3, 8, 11, 2), last = [.. targets.Select(row => row[5..])];
        Evaluation result = Evaluator.Evaluate(model, new ValidationBatches(_ => [new Batch(TinyGpt.Ids(inputs), TinyGpt.Ids(last))]));
        double first = reference.Loss([.. inputs.Select(row => row[..5])], [.. targets.Select(row => row[..5])]); // what follows changes nothing before it
        Assert.Equal(9, result.Tokens);
        Assert.Equal(((24 * reference.Loss(inputs, targets)) - (15 * first)) / 9, result.Loss, 1e-5);
    }

    [Fact]
    public void Bits_per_byte_are_unknown_where_the_bytes_are() => Assert.Null(new Evaluation(1, 2, null).BitsPerByte);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_model_is_left_as_it_was_and_evaluated_without_gradients_or_dropout(bool training)
    {
        using var model = new Gpt(TinyGpt.Config with { Dropout = 0.5 });
        model.train(training);
        long live = LiveTensors.OfThisThread;
        Evaluation first = Evaluator.Evaluate(model, ValidationBatches.Fixed), second = Evaluator.Evaluate(model, ValidationBatches.Fixed);
        Assert.Equal(first, second);
        Assert.Equal(training, model.training);
        Assert.All(model.named_parameters(), p => Assert.Null(p.parameter.grad));
        Assert.Equal(live, LiveTensors.OfThisThread);
    }

    [Fact]
    public void Nothing_to_evaluate_is_said()
    {
        using var model = new Gpt(TinyGpt.Config);
        Assert.Throws<InputException>(() => Evaluator.Evaluate(model, new ValidationBatches(_ => [])));
    }

    [Fact]
    public void An_evaluation_can_be_cancelled_and_leaves_the_mode_alone()
    {
        using var model = new Gpt(TinyGpt.Config);
        model.train();
        Assert.Throws<OperationCanceledException>(() => Evaluator.Evaluate(model, ValidationBatches.Fixed, cancel: new CancellationToken(canceled: true)));
        Assert.True(model.training);
    }
}
