namespace TorchLm.Tokenizers;

/// <summary>
/// A text cannot be encoded, an id decoded, or a tokenizer file read. The message is one sentence for the user: what, where, what to do.
/// </summary>
public sealed class TokenizerException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">One sentence: what, where, what to do.</param>
    public TokenizerException(string message) : base(message) { }

    /// <summary>Creates the exception with the failure that it explains.</summary>
    /// <param name="message">One sentence: what, where, what to do.</param>
    /// <param name="innerException">The failure that the sentence explains.</param>
    public TokenizerException(string message, Exception innerException) : base(message, innerException) { }
}
