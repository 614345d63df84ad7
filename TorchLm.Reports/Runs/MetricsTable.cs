using System.Globalization;
using CsvHelper;

namespace TorchLm.Reports.Runs;

/// <summary>The metrics of runs as one table.</summary>
public static class MetricsTable
{
    /// <summary>Writes comma-separated values (RFC 4180): a heading, then a row for each line of metrics that holds numbers; what a line lacks is empty.</summary>
    public static void WriteCsv(IReadOnlyList<RunRecord> runs, TextWriter output)
    {
        using var csv = new CsvWriter(output, CultureInfo.InvariantCulture, leaveOpen: true);
        string[] fields = [.. MetricsPoint.Fields, .. MetricsPoint.LayerFields([.. runs.SelectMany(run => run.Points)])];
        foreach (string name in fields.Prepend("step").Prepend("run")) csv.WriteField(name);
        csv.NextRecord();
        foreach (RunRecord run in runs)
        {
            foreach (MetricsPoint point in run.Points.Where(p => p.Message is null))
            {
                csv.WriteField(run.Name);
                csv.WriteField(point.Step);
                foreach (string field in fields) csv.WriteField(point[field]);
                csv.NextRecord();
            }
        }
    }
}
