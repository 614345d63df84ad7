using System.Text.Json;
using TorchLm.Benchmarks;
using TorchLm.Core.Model;
using TorchLm.Tests.Train;
using static TorchSharp.torch;

namespace TorchLm.Tests.Benchmarks;

/// <summary>The check of a device finds what is wrong with it.</summary>
[Collection(GlobalRandomState.Name)]
public class DeviceCheckTests
{
    private static readonly string[] s_withoutModel =
        ["matrix product", "embedding", "attention against explicit softmax", "attention kernel", "batches copied beside the computation",
            "Muon's orthogonalisation"];

    [Theory]
    [InlineData("fp32")]
    [InlineData("bf16")]
    public void A_CPU_passes_and_the_program_says_so(string precision)
    {
        using var folder = new TemporaryFolder();
        ProgramProcess process = ProgramProcess.Run(folder.Path, "check", "--device", "cpu", "--precision", precision, "--json");
        Assert.Equal((0, ""), (process.ExitCode, process.Errors));
        using JsonDocument json = JsonDocument.Parse(process.Output);
        Assert.True(json.RootElement.GetProperty("passed").GetBoolean());
        Assert.Equal(precision, json.RootElement.GetProperty("precision").GetString());
        JsonElement[] cases = [.. json.RootElement.GetProperty("cases").EnumerateArray()];
        Assert.Equal(14, cases.Length);
        Assert.All(cases, c => Assert.InRange(c.GetProperty("error").GetDouble(), 0, c.GetProperty("tolerance").GetDouble()));
        Assert.Contains("flash", cases.Single(c => c.GetProperty("name").GetString() == "attention kernel").GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    /// <summary>The models of this precision have another GELU (at most 5e-4 off), and each drops out at another rate than the one before.</summary>
    [Fact]
    public void Small_planted_errors_are_found_and_nothing_else_is()
    {
        int made = 0;
        DeviceCheckPrecision wrong = DeviceCheckPrecision.SinglePrecision with
        {
            NewModel = (config, seed, device) =>
                new Gpt(config with { Gelu = "exact", Dropout = config.Dropout > 0 ? config.Dropout + 0.01 * ++made : 0 }, seed, device),
        };
        CheckResult[] results = [.. DeviceCheck.Run(CPU, wrong)];
        Assert.Equal([.. s_withoutModel, "generation with the cache", "dropout repeats by its seed"], results.Where(r => r.Passed).Select(r => r.Name));
        Assert.Equal(["logits", "loss", "gradients", "losses of ten AdamW steps", "a run made twice", "a run saved and resumed"],
            results.Where(r => !r.Passed).Select(r => r.Name));
        Assert.All(results.Where(r => !r.Passed), r => Assert.True(r.Error > r.Tolerance));
    }

    [Fact]
    public void What_libtorch_cannot_do_is_a_failed_case_and_the_others_go_on()
    {
        DeviceCheckPrecision impossible = DeviceCheckPrecision.SinglePrecision with
        {
            NewModel = (_, _, _) => throw new InvalidOperationException("no kernel image\nand a stack"),
        };
        CheckResult[] results = [.. DeviceCheck.Run(CPU, impossible)];
        Assert.Equal(14, results.Length);
        Assert.Equal(s_withoutModel, results.Where(r => r.Passed).Select(r => r.Name));
        Assert.All(results.Where(r => !r.Passed), r => Assert.Equal((null, "no kernel image"), (r.Error, r.Detail)));
    }

    [Fact]
    public void An_error_that_is_not_a_number_does_not_pass() => Assert.False(new CheckOutcome(double.NaN, 1).Passed);
}
