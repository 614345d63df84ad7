using TorchLm.Core.Configuration;
using TorchLm.Core.Optimization;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Tests.Optimization;

public class MuonTests
{
    private static readonly OptimizerConfig s_config =
        new() { Name = "muon", LearningRate = 0.1, MuonLearningRate = 0.04, WeightDecay = 0.3, GradientClip = 0, MuonMomentumWarmupSteps = 4 };

    /// <summary>Queries of 6 channels, keys and values of 4 each; a gate and a way up of 10 rows each.</summary>
    public static TheoryData<string, int, int> Joint => new()
    {
        { "qkv", 0, 6 }, { "qkv", 6, 4 }, { "qkv", 10, 4 }, { "output", 0, 6 }, { "expand", 0, 10 }, { "expand", 10, 10 }, { "project", 0, 6 },
    };

    [Theory]
    [MemberData(nameof(Joint))]
    public void Each_part_of_a_joint_matrix_is_updated_as_a_matrix_of_its_own(string name, int first, int rows) =>
        AssertUpdates(s_config, name, first, rows);

    [Theory]
    [MemberData(nameof(Joint))]
    public void Cautious_decay_leaves_out_what_the_update_works_against(string name, int first, int rows) =>
        AssertUpdates(s_config with { Cautious = true, WeightDecay = 3 }, name, first, rows);

    [Fact]
    public void The_rest_is_updated_by_AdamW()
    {
        using var scope = NewDisposeScope();
        using Joined model = new(), other = new();
        using Optimizer muon = new(model, s_config), adam = new(other, s_config with { Name = "adamw" });
        for (int step = 0; step < 3; step++)
        {
            foreach ((Joined m, Optimizer o) in new[] { (model, muon), (other, adam) })
            {
                m.SetGradients(step);
                o.Step(0.05).Dispose();
            }
        }
        string[] rest = ["tokens.weight", "head.weight", "blocks.0.norm"];
        foreach (string name in rest) Assert.Equal(TinyGpt.Values(other.Of(name)), TinyGpt.Values(model.Of(name)));
        Assert.Equal(["blocks.0.norm.exp_avg", "blocks.0.norm.exp_avg_sq"],
            muon.State.Select(s => s.Name).Where(n => n.StartsWith("blocks.0.norm", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_factor_of_a_name_scales_the_rate_of_that_matrix()
    {
        using var scope = NewDisposeScope();
        using Joined model = new(), other = new();
        OptimizerConfig config = s_config with { WeightDecay = 0 };
        using Optimizer plain = new(model, config);
        using var scaled = new Optimizer(other, config, rateFactor: name => name.EndsWith("output.weight", StringComparison.Ordinal) ? 0.25 : 1);
        Tensor before = model.Of("blocks.0.attention.output.weight").clone(), same = model.Of("blocks.0.mlp.project.weight").clone();
        foreach ((Joined m, Optimizer o) in new[] { (model, plain), (other, scaled) })
        {
            m.SetGradients(1);
            o.Step(0.1).Dispose();
        }
        Tensor whole = model.Of("blocks.0.attention.output.weight").sub(before), part = other.Of("blocks.0.attention.output.weight").sub(before);
        Assert.True(part.allclose(whole.mul(0.25), 1e-4, 1e-7));
        Assert.Equal(TinyGpt.Values(model.Of("blocks.0.mlp.project.weight")), TinyGpt.Values(other.Of("blocks.0.mlp.project.weight")));
        Assert.NotEqual(TinyGpt.Values(same), TinyGpt.Values(model.Of("blocks.0.mlp.project.weight")));
    }

    private static void AssertUpdates(OptimizerConfig config, string name, int first, int rows)
    {
        using var scope = NewDisposeScope();
        using var model = new Joined();
        using var optimizer = new Optimizer(model, config);
        string full = $"blocks.0.{(name is "qkv" or "output" ? "attention" : "mlp")}.{name}.weight";
        Parameter parameter = model.Of(full);
        int columns = (int)parameter.shape[1];
        double[,] Part(Tensor value) => ReferenceMuon.Matrix(TinyGpt.Values(value.narrow(0, first, rows)), rows, columns);
        var reference = new ReferenceMuon(config, Part(parameter));
        for (int step = 0; step < 6; step++)
        {
            model.SetGradients(step);
            reference.Step(Part(parameter.grad!), 0.04 * (step + 1) / 6, Math.Min(0.95, 0.85 + 0.025 * step));
            optimizer.Step(0.1 * (step + 1) / 6).Dispose(); // Muon's own rate follows the main one
        }
        AssertClose(reference.Weights, Part(parameter));
        AssertClose(reference.Momentum, Part(optimizer.State.Single(s => s.Name == full + ".momentum_buffer").Value));
    }

    private static void AssertClose(double[,] expected, double[,] actual)
    {
        double worst = expected.Cast<double>().Zip(actual.Cast<double>(), (e, a) => Math.Abs(e - a)).Max();
        Assert.True(worst < 2e-5, $"off by {worst:g3}");
    }

    /// <summary>Parameters with the names and joint shapes of a model that has fewer keys than queries and a gated MLP.</summary>
    private sealed class Joined : nn.Module
    {
        private static readonly (string Name, long[] Shape)[] s_parameters =
        [
            ("tokens.weight", [7, 6]), ("head.weight", [7, 6]), ("blocks.0.norm", [6]), ("blocks.0.attention.qkv.weight", [14, 6]),
            ("blocks.0.attention.output.weight", [6, 6]), ("blocks.0.mlp.expand.weight", [20, 6]), ("blocks.0.mlp.project.weight", [6, 10]),
        ];

        private readonly Dictionary<string, Parameter> _own;

        public Joined() : base(nameof(Joined))
        {
            var random = new Random(8);
            _own = s_parameters.ToDictionary(p => p.Name, p => new Parameter(Random(random, p.Shape)));
        }

        public Parameter Of(string name) => _own[name];

        public override IEnumerable<(string name, Parameter parameter)> named_parameters(bool recurse = true) => _own.Select(p => (p.Key, p.Value));

        public void SetGradients(int seed)
        {
            var random = new Random(seed);
            foreach ((_, Parameter parameter) in _own) parameter.grad = Random(random, parameter.shape);
        }

        private static Tensor Random(Random random, long[] shape) =>
            tensor(Enumerable.Range(0, (int)shape.Aggregate((a, b) => a * b)).Select(_ => (float)TinyGpt.Normal(random)).ToArray(), shape);
    }
}
