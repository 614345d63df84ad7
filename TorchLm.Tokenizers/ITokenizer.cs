using System.Buffers;

namespace TorchLm.Tokenizers;

/// <summary>Text to token ids and back. Immutable and safe to use from several threads.</summary>
public interface ITokenizer
{
    /// <summary>What kind it is: <c>char</c>, <c>bpe</c>, <c>cl100k_base</c> or <c>o200k_base</c>.</summary>
    string Kind { get; }

    /// <summary>Number of ids; every id is in [0, VocabularySize).</summary>
    int VocabularySize { get; }

    /// <summary>The id that stands between documents (<c>&lt;|endoftext|&gt;</c>), or null where the vocabulary has none.</summary>
    int? EndOfTextId { get; }

    /// <summary>
    /// The ids of <paramref name="text"/>. Text that spells a special token is encoded as ordinary text: documents cannot forge one.
    /// </summary>
    /// <exception cref="TokenizerException">The text holds something that the vocabulary cannot express, or is not valid UTF-16.</exception>
    int[] Encode(string text);

    /// <summary>Writes the ids of <paramref name="text"/>, the same as <see cref="Encode(string)"/> gives, without allocating.</summary>
    /// <param name="text">Any part of a string.</param>
    /// <param name="destination">Receives the ids; nothing is added to it where the text is refused.</param>
    /// <exception cref="TokenizerException">As for <see cref="Encode(string)"/>.</exception>
    void Encode(ReadOnlySpan<char> text, IBufferWriter<int> destination);

    /// <summary>The text of <paramref name="ids"/>; bytes that are not valid UTF-8 together become U+FFFD.</summary>
    /// <exception cref="TokenizerException">An id is outside the vocabulary.</exception>
    string Decode(ReadOnlySpan<int> ids);

    /// <summary>
    /// The UTF-8 bytes that token <paramref name="id"/> stands for, perhaps a piece of a character only; for a special token the bytes of
    /// its name.
    /// </summary>
    /// <exception cref="TokenizerException">The id is outside the vocabulary.</exception>
    ReadOnlySpan<byte> GetBytes(int id);

    /// <summary>Writes Hugging Face's tokenizer.json, from which <c>TokenizerFile.Load</c> makes an equal tokenizer.</summary>
    void Save(string path);
}
