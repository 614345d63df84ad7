using TorchLm.Core;
using TorchLm.Core.Configuration;
using TorchLm.Reports.Plots;
using TorchLm.Reports.Runs;

namespace TorchLm.Tests.Reports;

public sealed class RunRecordTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_run_is_read_from_its_folder_half_written_lines_left_out()
    {
        RunRecord run = RunRecord.Load(SampleRuns.Write(_folder, "one"));
        Assert.Equal("one", run.Name);
        Assert.Equal(50, run.Steps.Count);
        Assert.Equal([0L, 50, 100], run.Evaluations.Select(e => e.Step));
        Assert.Equal((100, 4.0), (run.Best!.Step, run.Best["val_loss"]!.Value));
        Assert.Equal(10_000 / 200.0, run.TrainingSeconds()[^1], 1e-9);
        Assert.Equal("At step 100 words.", run.Points.Last(p => p.Sample is not null).Sample);
        Assert.Equal("cpu", Assert.Single(run.Sessions).Device);
        Assert.Null(run.EntropyFloor);
    }

    [Fact]
    public void Time_is_the_parts_of_all_steps_and_what_lies_between()
    {
        Dictionary<string, double> spent = TimeSpent.Of(RunRecord.Load(SampleRuns.Write(_folder, "one"))).ToDictionary(t => t.What, t => t.Seconds);
        Assert.Equal(1, spent["data"], 1e-9); // 100 steps of 10 ms
        Assert.Equal(10, spent["forward"], 1e-9);
        Assert.Equal(20, spent["backward"], 1e-9);
        Assert.Equal(5, spent["optimizer"], 1e-9);
        Assert.Equal(4.5, spent["evaluation"], 1e-9);
        Assert.Equal(3, spent["saving"], 1e-9);
    }

    [Fact]
    public void A_folder_of_runs_stands_for_all_of_them_and_equal_names_are_told_apart()
    {
        foreach (string name in new[] { "sweep/a", "sweep/b", "other/a" }) SampleRuns.Write(_folder, name);
        Assert.Equal(["a", "b"], RunRecord.LoadAll([_folder["sweep"]]).Select(r => r.Name));
        Assert.Equal(["sweep/a", "other/a"], RunRecord.LoadAll([_folder["sweep/a"], _folder["other/a"], _folder["sweep/a"]]).Select(r => r.Name));
        Assert.Contains("There is no run", Assert.Throws<InputException>(() => RunRecord.LoadAll([_folder["sweep/none"]])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_table_has_a_row_for_each_line_with_numbers()
    {
        SampleRuns.Write(_folder, "a, b");
        using var text = new StringWriter();
        MetricsTable.WriteCsv(RunRecord.LoadAll([_folder["a, b"]]), text);
        string[] rows = text.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(1 + 50 + 3, rows.Length);
        Assert.Equal("run,step,tokens,train_loss,loss_z,lr,grad_norm,skipped,tokens_per_second,mfu,rss_mb,device_mb,ms.data,ms.forward,ms.backward,ms.optimizer,ms.saving," +
            "val_loss,val_bpb,val_tokens,seconds", rows[0]);
        Assert.Equal("\"a, b\",0,,,,,,,,,,,,,,,,6,2.5,10,0.5", rows[1]);
        Assert.Equal("\"a, b\",2,200,4.96,,0.001,1.5,0,200,0.25,300,,10,100,200,50,0,,,,", rows[2]);
    }

    [Fact]
    public void Plots_hold_the_metrics_and_long_ones_are_thinned_to_means()
    {
        RunRecord run = RunRecord.Load(SampleRuns.Write(_folder, "one"));
        RunPlot[] plots = [.. RunPlots.Of([run])];
        Assert.Equal(["loss", "learning-rate", "gradient-norm", "throughput", "memory", "utilization"], plots.Select(p => p.Id));
        Curve train = plots[0].Curves[0], validation = plots[0].Curves[1];
        Assert.Equal(run.Steps.Select(p => p["train_loss"]), train.Values);
        Assert.Equal([0.0, 50, 100], validation.Steps);
        Assert.Equal([0.0, 5000, 10_000], validation.Tokens);
        Assert.Equal([0.0, 25, 50], validation.Seconds);
        Assert.Equal(49, plots[2].Curves[0].Values.Count); // a norm that was not finite is left out

        MetricsPoint[] many = [.. Enumerable.Range(0, 200).SelectMany(_ => run.Steps)];
        Curve thin = RunPlots.Of([new RunRecord(run.Name, run.Folder, run.Config, many, [], null)])[0].Curves[0];
        Assert.InRange(thin.Values.Count, 700, 1500);
        Assert.Equal(many.Average(p => p["train_loss"]!.Value), thin.Values.Average()!.Value, 0.01);
    }

    [Theory]
    [InlineData("png")]
    [InlineData("svg")]
    public void Every_plot_becomes_a_picture(string format)
    {
        RunRecord[] runs = [RunRecord.Load(SampleRuns.Write(_folder, "one")), RunRecord.Load(SampleRuns.Write(_folder, "two", 4))];
        foreach (RunPlot plot in RunPlots.Of(runs))
        {
            string file = _folder[$"{plot.Id}.{format}"];
            PlotPicture.Save(plot, runs.Length, file);
            if (format == "png") Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], File.ReadAllBytes(file)[..4]);
            else Assert.Equal("svg", System.Xml.Linq.XDocument.Load(file).Root!.Name.LocalName);
            Assert.True(new FileInfo(file).Length > 3000);
        }
    }

    [Fact]
    public void The_entropy_of_the_built_in_text_is_the_floor_of_its_plot()
    {
        string run = SampleRuns.Write(_folder, "one");
        TorchLm.Data.RunData.Open(new RunConfig(), System.IO.Path.Combine(run, "data"), _ => { });
        RunRecord record = RunRecord.Load(run);
        Assert.InRange(record.EntropyFloor!.Value * record.Dataset!.Val!.Tokens / record.Dataset.Val.Bytes!.Value, 0.145, 0.155); // nats a byte, as a run says at its end
        Curve level = Assert.Single(RunPlots.Of([record])[0].Curves, c => c.Style == CurveStyle.Level);
        Assert.Equal(record.EntropyFloor, Assert.Single(level.Values));
    }
}
