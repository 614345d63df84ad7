using System.Buffers;
using System.Text;
using TorchLm.Tokenizers;

namespace TorchLm.Tests.Data;

/// <summary>The simplest tokenizer there is, so that a test can tell every token: each UTF-8 byte is its own id.</summary>
internal sealed class ByteTokenizer(int vocabularySize = 256, int? endOfTextId = null) : ITokenizer
{
    public string Kind => "char";

    public int VocabularySize => vocabularySize;

    public int? EndOfTextId => endOfTextId;

    public int[] Encode(string text) => text.Contains('\u0001')
        ? throw new TokenizerException("U+0001 is not in the vocabulary.")
        : [.. Encoding.UTF8.GetBytes(text).Select(value => (int)value)];

    public void Encode(ReadOnlySpan<char> text, IBufferWriter<int> destination) => destination.Write(Encode(text.ToString()));

    public string Decode(ReadOnlySpan<int> ids)
    {
        byte[] bytes = new byte[ids.Length];
        for (int i = 0; i < ids.Length; i++) bytes[i] = (byte)ids[i];
        return Encoding.UTF8.GetString(bytes);
    }

    public ReadOnlySpan<byte> GetBytes(int id) => new byte[] { (byte)id };

    public void Save(string path) => File.WriteAllText(path, "{}");
}
