using System.Globalization;
using TorchLm.Core.Configuration;
using TorchLm.Core.Generation;
using TorchLm.Core.Model;
using TorchLm.Core.Training;
using TorchLm.Tokenizers;

namespace TorchLm.Train.Reporting;

/// <summary>A run's progress on standard error: a line for each evaluation with a glimpse of the model's text, and on a terminal a live line between.</summary>
internal sealed class ConsoleProgress(RunConfig config, ITokenizer? tokenizer) : ITrainingObserver, IDisposable
{
    private const int GlimpseTokens = 60, GlimpseLength = 100;

    private readonly StatusLine _line = new();
    private StepMetrics? _last;

    public void OnStep(StepMetrics metrics)
    {
        _last = metrics;
        _line.Show(Progress(metrics));
    }

    public void OnEvaluation(EvaluationMetrics metrics, Gpt model)
    {
        _line.Clear();
        string validation = $"val loss {metrics.Result.Loss:0.0000}{EvaluationText.BitsPerByte(metrics.Result)}{(metrics.IsBest ? "" : " (not better)")}";
        string line = _last is null || _last.Step != metrics.Step ? $"{Position(metrics.Step)}  {validation}" : $"{Progress(_last)}  {validation}";
        Console.Error.WriteLine(line);
        if (tokenizer is not null) Console.Error.WriteLine("         " + Glimpse(model));
    }

    public void OnCheckpoint(long step, string path) => _line.Show($"Saved {Path.GetFileName(path)}");

    public void OnIncident(TrainingIncident incident) => Say(incident.Message);

    /// <summary>A sentence on a line of its own.</summary>
    public void Say(string sentence)
    {
        _line.Clear();
        Console.Error.WriteLine(Program.OneLine(sentence));
    }

    public void Dispose() => _line.Clear();

    /// <summary>A duration as a person would say it.</summary>
    public static string Time(double seconds)
    {
        var span = TimeSpan.FromSeconds(Math.Round(seconds));
        return span.TotalDays >= 1 ? $"{(int)span.TotalDays} d {span.Hours} h" : span.TotalHours >= 1 ? $"{(int)span.TotalHours} h {span.Minutes:00} min"
            : span.TotalMinutes >= 1 ? $"{span.Minutes} min {span.Seconds:00} s" : $"{span.Seconds} s";
    }

    private string Progress(StepMetrics m)
    {
        double left = (config.Training.Steps - m.Step) * (m.Tokens / (double)m.Step) / m.TokensPerSecond;
        string utilization = m.ModelFlopsUtilization is { } mfu ? $" ({100 * mfu:0} % of peak)" : "";
        return $"{Position(m.Step)}  train loss {m.TrainLoss:0.0000}  {m.TokensPerSecond:N0} tokens/s{utilization}  {Time(left)} left";
    }

    private string Position(long step)
    {
        string total = config.Training.Steps.ToString("N0", CultureInfo.InvariantCulture);
        return $"step {step.ToString("N0", CultureInfo.InvariantCulture).PadLeft(total.Length)}/{total}";
    }

    /// <summary>The beginning of a text on one line, so that one sees the model learn.</summary>
    private string Glimpse(Gpt model)
    {
        using var text = new StringWriter();
        new SampleWriter(model, tokenizer!, text).Write(null, new SamplingOptions(), 1, GlimpseTokens, [], useCache: true, default);
        string line = string.Concat(text.ToString().Trim().ReplaceLineEndings(" ").Select(c => char.IsControl(c) ? ' ' : c));
        return line.Length <= GlimpseLength ? line : line[..GlimpseLength];
    }
}
