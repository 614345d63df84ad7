using TorchLm.Data.Building;

namespace TorchLm.Train.Reporting;

/// <summary>How far the building of a data set is: one line on a terminal, nothing where the output is a file.</summary>
internal sealed class BuildProgressLine : IProgress<BuildProgress>, IDisposable
{
    private readonly StatusLine _line = new();

    public void Report(BuildProgress value)
    {
        string what = value.Phase switch
        {
            BuildPhase.Reading => "Reading",
            BuildPhase.Tokenizer => "Making the tokenizer",
            _ => "Encoding",
        };
        string share = value.Share is { } part ? $" ({100 * part:0} %)" : "";
        _line.Show($"{what}: {value.Bytes / 1e6:0.0} MB{share}");
    }

    public void Dispose() => _line.Clear();
}
