using ScottPlot;
using TorchLm.Core.Native;
using TorchLm.Lessons.Pages;
using static TorchSharp.torch;

namespace TorchLm.Lessons;

/// <summary>Gradients through functions of functions, how far a slope can be trusted, and finite differences beside autograd.</summary>
public sealed class ChainRuleLesson : Lesson
{
    private const double X = 1.3;

    /// <inheritdoc/>
    public override string Name => "chain-rule";

    /// <inheritdoc/>
    public override string Title => "slopes of functions of functions";

    /// <inheritdoc/>
    public override void Run(LessonPage page)
    {
        page.Text("g doubles a number, f squares one; f(g(x)) = (2x)^2 does one after the other. If x grows by a little, g grows by 2 times as " +
            "much, and f by 2g times as much as g does. So f(g(x)) grows by 2*2g times as much as x does: slopes along a chain multiply.");
        double g = 2 * X, output = g * g, slope = 2 * g * 2;
        (double value, double autograd) = Autograd(x => x.Times(2).Squared(), X);
        page.Lines(
            $"g(1.3)    = {g}          g'(x) = 2",
            $"f(2.6)    = {output:0.##}         f'(g) = 2*g = {2 * g}",
            $"slope     = f'(g) * g'(x) = {2 * g} * 2 = {slope}",
            $"autograd says {autograd}");
        page.Check("value and slope of (2x)^2", "the published example", [value, autograd], [6.76, 10.4], 1e-12);

        page.Text("A slope is a promise about the near neighbourhood only. Go a step dx, and the slope predicts a change of 10.4*dx; what it " +
            "misses is the curve, here exactly 4*dx^2. Half the step, a quarter of the miss. That is why learning rates are small.");
        page.Table(["dx", "predicted change", "true change", "missed", "4 dx^2"], new[] { 1, 0.1, 0.01, 0.001 }.Select(dx =>
        {
            double predicted = autograd * dx, actual = Math.Pow(2 * (X + dx), 2) - output;
            page.Check("what the slope misses", "4 dx^2", actual - predicted, 4 * dx * dx, 1e-12);
            return new[] { $"{dx}", $"{predicted:0.0000}", $"{actual:0.000000}", $"{actual - predicted:0.000000}", $"{4 * dx * dx:0.000000}" };
        }));

        page.Text("The chain may be as long as you like. Here are four links, sin(exp(sigmoid(3x))) at 1.3, and the same slope found without any " +
            "calculus: go a little to the right, a little to the left, and divide the difference of the values by the distance (a central " +
            "difference).");
        double s = 1 / (1 + Math.Exp(-3 * X)), e = Math.Exp(s);
        double[] links = [3, s * (1 - s), e, Math.Cos(e)];
        double byHand = links.Aggregate((a, b) => a * b), numeric = Central(Chain, X, 1e-5);
        (_, double longChain) = Autograd(x => x.Times(3).sigmoid().exp().sin(), X);
        page.Lines(
            $"slopes of the links: {string.Join(" * ", links.Select(l => $"{l:0.000000}"))}",
            $"product            = {byHand:0.0000000000}",
            $"autograd           = {longChain:0.0000000000}",
            $"central difference = {numeric:0.0000000000}   (step 1e-5)");
        page.Check("slope of four links", "the chain rule by hand", longChain, byHand, 1e-12);
        page.Check("slope of four links", "central differences", longChain, numeric, 1e-8);

        page.Text("Finite differences need no formulas, so they are a good test of gradients (lessons next-token and quadrants test theirs so). " +
            "But they need two whole passes for each weight, where autograd needs one pass back for all of them; and their step can be too large " +
            "(the curve) or too small (the computer's 16 digits cancel).");
        double[] steps = [.. Enumerable.Range(1, 14).Select(i => Math.Pow(10, -i))];
        page.Table(["step", "one-sided, wrong by", "central, wrong by"], steps.Where((_, i) => i % 2 == 1).Select(h => new[]
        {
            h.ToString("0e+0"), CheckReport.Number(Math.Abs(OneSided(Chain, X, h) - byHand)),
                CheckReport.Number(Math.Abs(Central(Chain, X, h) - byHand)),
        }));
        double best = Math.Abs(Central(Chain, X, 1e-5) - byHand);
        page.CheckAtMost("error of the best central difference", "of a step ten times as large", best, Math.Abs(Central(Chain, X, 1e-4) - byHand));
        page.CheckAtMost("error of the best central difference", "of a step a thousand times as small", best,
            Math.Abs(Central(Chain, X, 1e-8) - byHand));

        page.Picture("slopes", plot => DrawTangent(plot, slope), plot => DrawErrors(plot, byHand));
    }

    private static double Chain(double x) => Math.Sin(Math.Exp(1 / (1 + Math.Exp(-3 * x))));

    private static double OneSided(Func<double, double> f, double x, double h) => (f(x + h) - f(x)) / h;

    private static double Central(Func<double, double> f, double x, double h) => (f(x + h) - f(x - h)) / (2 * h);

    private static (double Value, double Slope) Autograd(Func<Tensor, Tensor> f, double at)
    {
        using var scope = NewDisposeScope();
        Tensor x = tensor(at, requires_grad: true), y = f(x);
        y.backward();
        return (y.item<double>(), x.grad!.item<double>());
    }

    private static void DrawTangent(Plot plot, double slope)
    {
        plot.Titles("(2x)² and its slope at 1.3", "x", "(2x)²");
        plot.Curve("(2x)²", x => 4 * x * x, 0, 2.5);
        plot.Curve("what the slope promises", x => (4 * X * X) + (slope * (x - X)), 0.5, 2.3);
        plot.Points(null, [X], [4 * X * X]);
        plot.ShowLegend(Alignment.UpperLeft);
    }

    private static void DrawErrors(Plot plot, double exact)
    {
        double[] exponents = [.. Enumerable.Range(0, 111).Select(i => -1 - (i * 0.12))];
        double Log(double estimate) => Math.Log10(Math.Max(1e-13, Math.Abs(estimate - exact)));
        plot.Titles("How wrong finite differences are", "step", "error");
        plot.Line("one-sided", exponents, exponents.Select(p => Log(OneSided(Chain, X, Math.Pow(10, p)))));
        plot.Line("central", exponents, exponents.Select(p => Log(Central(Chain, X, Math.Pow(10, p)))));
        plot.PowersOfTen();
        plot.PowersOfTen(horizontal: true);
        plot.ShowLegend(Alignment.LowerLeft);
    }
}
