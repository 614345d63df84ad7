using System.Text;

namespace TorchLm.Tokenizers;

/// <summary>
/// Text out of ids that come one at a time: a character is given out as soon as all its bytes are there. All the text given
/// out, <see cref="Flush"/>'s included, is what <see cref="ITokenizer.Decode"/> makes of all the ids.
/// </summary>
public sealed class StreamingDecoder(ITokenizer tokenizer)
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

    /// <summary>Takes the next id; returns the characters that it completes, perhaps none.</summary>
    /// <exception cref="TokenizerException">The id is outside the vocabulary.</exception>
    public string Add(int id) => Convert(tokenizer.GetBytes(id), flush: false);

    /// <summary>
    /// Ends the text: U+FFFD if it stops within a character, else nothing. The decoder can then begin another text.
    /// </summary>
    public string Flush() => Convert([], flush: true);

    private string Convert(ReadOnlySpan<byte> bytes, bool flush)
    {
        char[] characters = new char[_decoder.GetCharCount(bytes, flush)];
        int count = _decoder.GetChars(bytes, characters, flush);
        return new string(characters, 0, count);
    }
}
