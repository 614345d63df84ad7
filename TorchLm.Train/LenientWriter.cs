using System.Text;

namespace TorchLm.Train;

/// <summary>
/// A console's stream whose failure is remembered and not thrown: a terminal that was closed or a log on a full disk is no reason to lose a run.
/// </summary>
internal sealed class LenientWriter(TextWriter target) : TextWriter
{
    /// <summary>Why something could not be written; null where all was.</summary>
    public string? Failure { get; private set; }

    public override Encoding Encoding => target.Encoding;

    public override void Write(char value) => Try(() => target.Write(value));

    public override void Write(string? value) => Try(() => target.Write(value));

    public override void Write(char[] buffer, int index, int count) => Try(() => target.Write(buffer, index, count));

    public override void Write(ReadOnlySpan<char> buffer) => Write(buffer.ToString());

    public override void WriteLine(string? value) => Write(value + target.NewLine);

    public override void Flush() => Try(target.Flush);

    private void Try(Action write)
    {
        try
        {
            write();
        }
        catch (IOException e)
        {
            Failure ??= e.Message;
        }
    }
}
