using System.Globalization;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Training;

namespace TorchLm.Tests.Reports;

/// <summary>Folders of runs with made-up metrics, whose numbers are known.</summary>
internal static class SampleRuns
{
    public const string Hostile = "</pre></script><script>document.title='taken'</script>\u001b[31m <b>&amp;";

    /// <summary>A run of 100 steps, logged every second one, evaluated every 25th.</summary>
    public static string Write(TemporaryFolder folder, string name, double loss = 5, RunConfig? config = null)
    {
        var run = new RunFolder(folder.In(name));
        Directory.CreateDirectory(run.Path);
        config ??= new RunConfig { Model = TinyGpt.Config, Training = new TrainingConfig { Steps = 100 } };
        File.WriteAllText(run.ConfigPath, config.ToJson());
        using var lines = new StringWriter(CultureInfo.InvariantCulture);
        lines.WriteLine($$"""{"step":0,"val_loss":{{loss + 1:R}},"val_bpb":2.5,"val_tokens":10,"seconds":0.5,"sample":{{System.Text.Json.JsonSerializer.Serialize(Hostile)}}}""");
        for (int step = 2; step <= 100; step += 2)
        {
            lines.WriteLine(string.Create(CultureInfo.InvariantCulture, $$$"""
                {"step":{{{step}}},"tokens":{{{step * 100}}},"train_loss":{{{loss - (0.02 * step)}}},"loss_z":null,"lr":0.001,"grad_norm":{{{(step == 50 ? "null" : "1.5")}}},"skipped":0,"tokens_per_second":200,"mfu":0.25,"rss_mb":300,"ms":{"data":10,"forward":100,"backward":200,"optimizer":50,"saving":{{{(step == 60 ? 3000 : 0)}}}}}
                """));
            if (step % 50 == 0) lines.WriteLine(string.Create(CultureInfo.InvariantCulture, $$$"""{"step":{{{step}}},"val_loss":{{{loss - (0.01 * step)}}},"val_bpb":1.5,"val_tokens":10,"seconds":2,"sample":"At step {{{step}}} words."}"""));
        }
        lines.WriteLine("""{"step":70,"incident":"loss_spike","message":"Step 70: the loss <jumped>."}""");
        lines.Write("""{"step":102,"tok"""); // the line that it was killed over
        File.WriteAllText(run.MetricsPath, lines.ToString());
        SessionLog.Append(run.SessionsPath, new SessionInfo(0, new DateTimeOffset(2026, 1, 2, 3, 4, 0, TimeSpan.Zero), "0.1.0", "Linux, X64", "a CPU, 2 processors", "cpu", 2, "fp32", 1e11, 8_000_000_000, "2.10.0"));
        return run.Path;
    }
}
