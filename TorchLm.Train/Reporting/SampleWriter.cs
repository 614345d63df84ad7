using System.Text;
using TorchLm.Core.Generation;
using TorchLm.Core.Model;
using TorchLm.Tokenizers;

namespace TorchLm.Train.Reporting;

/// <summary>Writes a model's text as it comes: one sample is streamed, several are generated side by side and shown one after the other.</summary>
internal sealed class SampleWriter(Gpt model, ITokenizer tokenizer, TextWriter output)
{
    private const int GlimpseTokens = 60;

    /// <summary>A little text, the same for the same weights, so that one sees the model learn.</summary>
    public static string Glimpse(Gpt model, ITokenizer tokenizer)
    {
        using var text = new StringWriter();
        new SampleWriter(model, tokenizer, text).Write(null, new SamplingOptions(), 1, GlimpseTokens, [], useCache: true, default);
        return text.ToString().Trim();
    }

    /// <summary>Generates and writes.</summary>
    /// <param name="prompt">What each sample begins with; null begins a document.</param>
    /// <param name="options">How tokens are chosen.</param>
    /// <param name="count">Samples.</param>
    /// <param name="maxTokens">Tokens for each sample, the prompt not counted.</param>
    /// <param name="stops">Texts before which a sample ends.</param>
    /// <param name="useCache">Whether keys and values are kept between tokens.</param>
    /// <param name="cancel">Ends the text.</param>
    public void Write(string? prompt, SamplingOptions options, int count, int maxTokens, IReadOnlyList<string> stops, bool useCache, CancellationToken cancel)
    {
        int[] ids = prompt is { Length: > 0 } ? tokenizer.Encode(prompt) : [Beginning()];
        bool showsPrompt = prompt is { Length: > 0 };
        Sample[] samples = [.. Enumerable.Range(0, count).Select(_ => new Sample(tokenizer, stops))];
        if (count == 1 && showsPrompt) output.Write(prompt);

        int made = 0;
        foreach (int[] next in new TokenGenerator(model, useCache).Generate(ids, options, count))
        {
            for (int i = 0; i < count; i++)
            {
                string piece = samples[i].Add(next[i]);
                if (count == 1) output.Write(piece);
            }
            if (count == 1) output.Flush();
            if (++made == maxTokens || samples.All(s => s.Ended)) break;
            cancel.ThrowIfCancellationRequested();
        }
        for (int i = 0; i < count; i++)
        {
            string rest = samples[i].Finish();
            if (count == 1) output.WriteLine(rest);
            else output.WriteLine($"--- {i + 1} of {count} ---\n{(showsPrompt ? prompt : "")}{samples[i].Text}");
        }
        output.Flush();
    }

    /// <summary>The start of a text for a sample without a prompt: the token between documents, or for characters a line's end.</summary>
    private int Beginning()
    {
        if (tokenizer.EndOfTextId is { } id) return id;
        try
        {
            return tokenizer.Encode("\n")[0];
        }
        catch (TokenizerException)
        {
            return 0; // a vocabulary without line ends: any first token will do
        }
    }

    /// <summary>One sample's way from tokens to text, up to the end of the document or a stop text.</summary>
    private sealed class Sample(ITokenizer tokenizer, IReadOnlyList<string> stops)
    {
        private readonly StreamingDecoder _decoder = new(tokenizer);
        private readonly StopStrings _stops = new(stops);
        private readonly StringBuilder _text = new();
        private string _space = ""; // white space is shown once something follows it

        public bool Ended { get; private set; }

        public string Text => _text.ToString();

        public string Add(int id)
        {
            if (Ended) return "";
            if (id == tokenizer.EndOfTextId)
            {
                Ended = true;
                return "";
            }
            string piece = _stops.Add(_decoder.Add(id));
            Ended = _stops.HasStopped;
            return Keep(piece);
        }

        public string Finish() => Keep(_stops.HasStopped ? "" : _stops.Add(_decoder.Flush()) + _stops.Flush());

        private string Keep(string piece)
        {
            piece = _space + piece;
            string shown = piece.TrimEnd();
            _space = piece[shown.Length..];
            _text.Append(shown);
            return shown;
        }
    }
}
