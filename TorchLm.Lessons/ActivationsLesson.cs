using ScottPlot;
using TorchLm.Core.Native;
using TorchLm.Lessons.Pages;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Lessons;

/// <summary>The bends between layers, their slopes, and what many layers of them do to a gradient.</summary>
public sealed class ActivationsLesson : Lesson
{
    private const int Width = 64, Deepest = 48;

    private static readonly Activation[] s_activations =
    [
        new("sigmoid", LossesLesson.Sigmoid, z => LossesLesson.Sigmoid(z) * (1 - LossesLesson.Sigmoid(z)), z => z.sigmoid()),
        new("tanh", Math.Tanh, z => 1 - (Math.Tanh(z) * Math.Tanh(z)), z => z.tanh()),
        new("ReLU", z => Math.Max(0, z), z => z > 0 ? 1 : 0, z => z.relu()),
        new("GELU", z => z * Normal(z), z => Normal(z) + (z * Density(z)), z => nn.functional.gelu(z)),
        new("GELU, tanh form", GeluTanh, GeluTanhSlope, z => nn.functional.gelu(z, GELU.Approximate.tanh)),
        new("SiLU", z => z * LossesLesson.Sigmoid(z), SiluSlope, z => z.mul(z.sigmoid())),
    ];

    /// <inheritdoc/>
    public override string Name => "activations";

    /// <inheritdoc/>
    public override string Title => "bends between layers, and gradients that vanish";

    /// <inheritdoc/>
    public override long? Seed => 0;

    /// <inheritdoc/>
    public override void Run(LessonPage page)
    {
        page.Text("Two linear layers in a row are one linear layer: w2*(w1*x) = (w2*w1)*x. So something must bend between them, an activation. It " +
            "is applied to each number by itself.");
        page.Lines(
            "sigmoid(z) = 1 / (1 + exp(-z))           from 0 to 1: the classic",
            "tanh(z)                                  from -1 to 1",
            "ReLU(z)    = max(0, z)                   the simplest bend there is",
            "GELU(z)    = z * P(normal < z)           a smooth ReLU: z, as far as it is above chance",
            "           ~ z/2 * (1 + tanh(sqrt(2/pi) * (z + 0.044715 z^3)))      GPT-2's form",
            "SiLU(z)    = z * sigmoid(z)",
            "SwiGLU     = SiLU(W x) * (V x)           two layers: one is the gate of the other (Llama)");
        double[] grid = [-3, -1, -0.5, 0.5, 1, 3];
        page.Table(["z", .. grid.Select(z => $"{z}")],
            s_activations.Select(a => new[] { a.Name }.Concat(grid.Select(z => $"{a.Value(z):0.0000}")).ToArray()));
        double[] fine = [.. Enumerable.Range(-40, 81).Where(i => i != 0).Select(i => i / 10.0)];
        foreach (Activation activation in s_activations)
        {
            (double[] values, double[] slopes) = Autograd(activation, fine);
            page.Check("values, 80 of each", "the formulas by hand", values, fine.Select(activation.Value), 1e-12);
            page.Check("slopes, 80 of each", "the formulas by hand", slopes, fine.Select(activation.Slope), 1e-12);
        }
        page.Check("GELU(1) and GELU(-1)", "the table of the normal distribution", Autograd(s_activations[3], [1, -1]).Values,
            [0.841344746068543, -0.158655253931457], 1e-12);
        double apart = Enumerable.Range(-5000, 10001).Max(i => Math.Abs((i / 1000.0 * Normal(i / 1000.0)) - GeluTanh(i / 1000.0)));
        page.Text($"The two forms of GELU are never more than {apart:0.00000} apart, but a model must be used with the one that it was trained " +
            $"with.");
        page.CheckAtMost("distance of GELU's two forms", "five ten-thousandths", apart, 5e-4);

        page.Heading("Slopes multiply: one neuron a layer");
        page.Text("On the way back, each layer multiplies the gradient by its slope (lesson chain-rule). The sigmoid's slope is 0.25 at most. Put " +
            "one after the other, each in its best place, and see what is left:");
        int[] depths = [10, 20, 48];
        double[] chain = [.. depths.Select(BestSigmoidChain)];
        page.Table(["layers", .. depths.Select(d => $"{d}")],
            [["0.25^layers", .. depths.Select(d => $"{Math.Pow(0.25, d):0.00e+0}")], ["measured by autograd", .. chain.Select(g => $"{g:0.00e+0}")]]);
        page.Check("gradient through 10, 20 and 48 sigmoids", "the published table", chain,
            [9.5367431640625e-7, 9.094947017729282e-13, 1.262177448353619e-29], [1e-18, 1e-24, 1e-41]);

        page.Heading($"Slopes multiply: {Width} neurons a layer");
        page.Text($"The same with whole layers, x = activation(W x), {Width} wide, random weights, 64 random inputs. W's numbers are 1/sqrt(64) " +
            $"(Glorot and Bengio 2010), for ReLU, GELU and SiLU as much larger as keeps signals of size 1 at size 1 (He et al. 2015). The " +
            $"gradient that many layers before the last, as a part of that at the last:");
        Dictionary<string, double[]> plain = Measured(page, residual: false), residual = Measured(page, residual: true);
        page.Table(["layers", .. depths.Select(d => $"{d}")], plain.Select(m => Row(m, depths)));
        page.Text("Sigmoid networks of 20 layers cannot learn: nothing arrives. With ReLU the gradient arrives, with GELU and SiLU it grows. " +
            "SwiGLU multiplies two layers with each other: what has become small becomes smaller twice over, and it collapses.");
        page.Text("What made depth possible are two tricks that every transformer has, in this order or another: x = x + activation(W norm(x)). " +
            "The sum leaves a straight way back, with slope 1, around each layer (the residual stream), and norm keeps what goes in at size 1: " +
            "each row less its mean, divided by its deviation (LayerNorm). Gradients still grow, but some 20 times, not by powers of ten.");
        page.Table(["layers", .. depths.Select(d => $"{d}")], residual.Select(m => Row(m, depths)));
        page.CheckAtMost("sigmoid's gradient through 20 layers", "a ten-billionth", plain["sigmoid"][20], 1e-10);
        page.CheckAtLeast("ReLU's gradient through 20 layers", "a hundredth", plain["ReLU"][20], 0.01);
        page.CheckAtMost("SwiGLU's gradient through 10 layers", "a billionth", plain["SwiGLU"][10], 1e-9);
        foreach ((string name, double[] norms) in residual)
        {
            page.CheckAtLeast("gradients around 48 layers, residual", "the one at the end", norms[Deepest], 1);
            page.CheckAtMost("gradients around 48 layers, residual", "a hundred times the one at the end", norms[Deepest], 100);
        }

        page.Picture("functions",
            plot => DrawAll(plot, "Activations", "value", a => a.Value),
            plot => DrawAll(plot, "Their slopes", "slope", a => a.Slope));
        page.Picture("depth",
            plot => DrawDepth(plot, "x = activation(W x)", plain),
            plot => DrawDepth(plot, "x = x + activation(W norm(x))", residual));
    }

    /// <summary>GELU's tanh form (Hendrycks and Gimpel 2016), which GPT-2 has.</summary>
    internal static double GeluTanh(double z) => 0.5 * z * (1 + Math.Tanh(Inner(z)));

    private static double Inner(double z) => Math.Sqrt(2 / Math.PI) * (z + (0.044715 * z * z * z));

    private static double GeluTanhSlope(double z)
    {
        double t = Math.Tanh(Inner(z));
        return (0.5 * (1 + t)) + (0.5 * z * (1 - (t * t)) * Math.Sqrt(2 / Math.PI) * (1 + (3 * 0.044715 * z * z)));
    }

    private static double SiluSlope(double z)
    {
        double s = LossesLesson.Sigmoid(z);
        return s + (z * s * (1 - s));
    }

    private static double Density(double z) => Math.Exp(-z * z / 2) / Math.Sqrt(2 * Math.PI);

    /// <summary>The probability that a normal number is less than z, by its power series.</summary>
    private static double Normal(double z)
    {
        double term = z, sum = z;
        for (int n = 1; Math.Abs(term) > 1e-18 * Math.Abs(sum); n++)
        {
            term *= z * z / ((2 * n) + 1);
            sum += term;
        }
        return 0.5 + (Density(z) * sum);
    }

    private static (double[] Values, double[] Slopes) Autograd(Activation activation, double[] at)
    {
        using var scope = NewDisposeScope();
        Tensor z = tensor(at, requires_grad: true), values = activation.Apply(z);
        values.sum().backward();
        return (values.data<double>().ToArray(), z.grad!.data<double>().ToArray());
    }

    /// <summary>Sigmoids one after the other, each shifted so that it is at 0, where its slope is largest.</summary>
    private static double BestSigmoidChain(int layers)
    {
        using var scope = NewDisposeScope();
        Tensor x = tensor(0.0, requires_grad: true), half = tensor(0.5), output = x;
        for (int i = 0; i < layers; i++) output = output.sigmoid().Minus(half);
        output.backward();
        return x.grad!.item<double>();
    }

    /// <summary>For each activation the size of the gradient d layers before the last, as a part of that at the last; d from 0.</summary>
    private static Dictionary<string, double[]> Measured(LessonPage page, bool residual)
    {
        // 1 / the root of the mean of activation(z)², z being normal
        var gains = new Dictionary<string, double> { ["ReLU"] = Math.Sqrt(2), ["GELU"] = 1.5335, ["GELU, tanh form"] = 1.5335, ["SiLU"] = 1.6768 };
        Dictionary<string, double[]> all = s_activations
            .ToDictionary(a => a.Name, a => Depth(page.NewRandom(), gains.GetValueOrDefault(a.Name, 1), residual, (x, w) => a.Apply(x.matmul(w(0)))));
        all["SwiGLU"] = Depth(page.NewRandom(), 1, residual, (x, w) =>
        {
            Tensor gate = x.matmul(w(0));
            return gate.mul(gate.sigmoid()).mul(x.matmul(w(1)));
        });
        return all;
    }

    private static double[] Depth(NumPyRandom random, double gain, bool residual, Func<Tensor, Func<int, Tensor>, Tensor> layer)
    {
        using var scope = NewDisposeScope();
        Tensor x = random.Normal(1, 64, Width).requires_grad_(), direction = random.Normal(1, 64, Width);
        var states = new List<Tensor> { x };
        for (int i = 0; i < Deepest; i++)
        {
            Tensor output = layer(residual ? nn.functional.layer_norm(x, [Width]) : x, _ => random.Normal(gain / Math.Sqrt(Width), Width, Width));
            x = residual ? x.Plus(output) : output;
            x.retain_grad();
            states.Add(x);
        }
        x.mul(direction).sum().backward();
        double[] norms = [.. states.Select(s => s.grad!.Squared().sum().sqrt().item<double>())];
        return [.. norms.Reverse().Select(n => n / norms[^1])];
    }

    private static string[] Row(KeyValuePair<string, double[]> measured, int[] depths) =>
        [measured.Key, .. depths.Select(d => measured.Value[d] is var n and >= 0.001 and < 1000
            ? $"{n:0.000}" : CheckReport.Number(measured.Value[d]))];

    private static void DrawAll(Plot plot, string title, string y, Func<Activation, Func<double, double>> function)
    {
        plot.Titles(title, "z", y);
        foreach (Activation activation in s_activations.Where(a => a.Name != "GELU, tanh form"))
        {
            plot.Curve(activation.Name, function(activation), -4, 4);
        }
        plot.Axes.SetLimitsY(y == "value" ? -1.2 : -0.3, y == "value" ? 3 : 1.3);
        plot.ShowLegend(Alignment.UpperLeft);
    }

    private static void DrawDepth(Plot plot, string title, Dictionary<string, double[]> measured)
    {
        plot.Titles(title, "layers before the last", "gradient");
        foreach ((string name, double[] norms) in measured.Where(m => m.Key != "GELU, tanh form"))
        {
            plot.Line(name, [.. norms.Select(n => Math.Log10(Math.Max(n, 1e-40)))]);
        }
        plot.PowersOfTen();
        bool residual = title.Contains("norm", StringComparison.Ordinal);
        plot.Axes.SetLimitsY(residual ? -0.5 : -32, residual ? 3 : 4);
        plot.ShowLegend(residual ? Alignment.UpperLeft : Alignment.LowerLeft);
    }

    private sealed record Activation(string Name, Func<double, double> Value, Func<double, double> Slope, Func<Tensor, Tensor> Apply);
}
