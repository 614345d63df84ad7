using Spectre.Console.Rendering;
using TorchLm.Core.Configuration;
using TorchLm.Core.Training;
using TorchLm.Train.Reporting;

namespace TorchLm.Tests.Reporting;

public class TrainingViewTests
{
    private static readonly RunConfig s_config = new() { Training = new TrainingConfig { Steps = 1000 } };

    [Fact]
    public void A_wide_window_shows_everything()
    {
        string[] rows = Rows(Trained(), 99, 30);
        Assert.Equal(
            """
            step 500 of 1,000, 50 %   1 min 05 s so far, 50 s left
            ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
            train loss  1.0000   ███████▇▇▇▇▇▇▇▇▇▇▇▆▆▆▆▆▆▆▆▆▅▅▅▅▅▅▅▄▄▄▄▄▄▃▃▃▃▂▂▂▂▁▁  smoothed 1.6993
            val loss    1.5000                           █████████████████████████▁  best 1.5000 at step 500
            rate 1.0e-3   gradient norm 0.50   1,000 tokens/s   25 % of 400 GFLOP/s   2 skipped
            memory 1.5 GB   card 3.0 of 24.0 GB   saved at step 400
            at step 500 it writes ─────────────────────────────────────────────────────────────────────────────
            Once upon a time.
            The [end].
            """.Split(Environment.NewLine).Select(l => l.TrimEnd()), rows);
    }

    [Fact]
    public void A_narrow_window_packs_it()
    {
        string[] rows = Rows(Trained(), 30, 30);
        Assert.All(rows, row => Assert.True(row.Length <= 30, row));
        Assert.Equal("step 500 of 1,000, 50 %, 50 s", rows[0]);
        Assert.Equal("train loss  1.0000   ██▇▆▆▅▄▃▁", rows[2]);
        Assert.Contains("rate 1.0e-3", rows);
        Assert.Contains("Once upon a time.", rows);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 40)]
    [InlineData(300, 2)]
    [InlineData(59, 11)]
    [InlineData(60, 12)]
    [InlineData(250, 90)]
    public void Every_window_is_filled_no_further_than_it_goes(int width, int height)
    {
        foreach (TrainingView view in new[] { Trained(), new TrainingView(s_config, new RunFacts(1, null), unicode: true) })
        {
            string[] rows = Rows(view, width, height);
            Assert.NotEmpty(rows);
            Assert.All(rows, row => Assert.True(row.Length <= width, $"{row.Length}: {row}"));
        }
    }

    [Fact]
    public void A_low_window_shows_where_the_run_is() =>
        Assert.Equal(["step 500 of 1,000, 50 %   1 min 05 s so far, 50 s left"], Rows(Trained(), 80, 6));

    [Fact]
    public void A_terminal_without_Unicode_gets_none() => Assert.All(Rows(Trained(unicode: false), 99, 30), row => Assert.True(row.All(char.IsAscii), row));

    [Fact]
    public void What_a_model_writes_is_not_obeyed()
    {
        var view = new TrainingView(s_config, new RunFacts(1, null), unicode: true);
        view.Add(new EvaluationMetrics(1, new Evaluation(1, 1, null), true) { Sample = "a\e[2Jb\u0007[red]c" });
        Assert.Equal("a [2Jb [red]c", Rows(view, 80, 30)[^1]);
    }

    private static TrainingView Trained(bool unicode = true)
    {
        var view = new TrainingView(s_config, new RunFacts(4e11, 24_000_000_000), unicode);
        for (int step = 10; step <= 500; step += 10)
        {
            view.Update(step);
            view.Add(new StepMetrics(step, step * 100L, 5 - (0.008 * step), 1e-3, 0.5, null, 2, 1000, 0.25, 1_500_000_000) { DeviceBytes = 3_000_000_000 });
        }
        view.Add(new EvaluationMetrics(250, new Evaluation(1, 3.5, null), true));
        view.Add(new EvaluationMetrics(500, new Evaluation(1, 1.5, null), true) { Sample = "Once upon a time.\nThe [end]." });
        view.Saved(400);
        return view;
    }

    private static string[] Rows(TrainingView view, int width, int height)
    {
        var screen = new Screen(width + 1, Math.Max(height, 2) + 1);
        using var region = new LiveRegion(screen, () => (width + 1, height + 1));
        IRenderable Content(int columns, int rows) => view.Render(width, height, 65);
        region.Show(Content);
        return screen.Lines();
    }
}
