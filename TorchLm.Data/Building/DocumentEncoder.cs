using TorchLm.Tokenizers;

namespace TorchLm.Data.Building;

/// <summary>Encodes text that comes in pieces to the ids that the whole text would have.</summary>
internal sealed class DocumentEncoder(ITokenizer tokenizer)
{
    /// <summary>Parts text anew, at places where encoding the parts one by one changes no id.</summary>
    public IEnumerable<string> CutSafely(IEnumerable<string> pieces)
    {
        if (tokenizer.Kind == "char") return pieces.Where(piece => piece.Length > 0);
        string text = string.Concat(pieces);
        return text.Length > 0 ? [text] : [];
    }

    /// <summary>The ids of a part.</summary>
    public int[] Encode(string part) => tokenizer.Encode(part);
}
