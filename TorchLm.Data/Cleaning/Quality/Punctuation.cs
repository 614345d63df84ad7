using System.Buffers;

namespace TorchLm.Data.Cleaning.Quality;

/// <summary>The marks that the quality rules look for.</summary>
internal static class Punctuation
{
    /// <summary>
    /// What ends a sentence or closes it, C4's period, exclamation mark, question mark and end quotation mark, in the scripts
    /// that have their own.
    /// </summary>
    public static readonly SearchValues<char> Terminal = SearchValues.Create(".!?…\"'”’»。！？．｡」』؟۔।॥։።");

    /// <summary>What ends a sentence.</summary>
    public static readonly SearchValues<char> SentenceEnd = SearchValues.Create(".!?…。！？．｡؟۔।॥։።");

    /// <summary>Ends of sentences in scripts without spaces: nothing need follow them.</summary>
    public static readonly SearchValues<char> UnspacedEnd = SearchValues.Create("。！？．｡");

    /// <summary>What may close a sentence behind its end.</summary>
    public static readonly SearchValues<char> Closing = SearchValues.Create("\"'”’»)]」』");

    /// <summary>What starts an item of a list.</summary>
    public static readonly SearchValues<char> Bullets = SearchValues.Create("•‣▶◀◦■□▪▫●○–-*·");

    /// <summary>Whether a line without white space at its end ends in an ellipsis.</summary>
    public static bool EndsInEllipsis(ReadOnlySpan<char> line) => line.EndsWith("…") || line.EndsWith("...");
}
