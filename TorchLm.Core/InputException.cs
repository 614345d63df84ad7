namespace TorchLm.Core;

/// <summary>
/// The user's input is wrong. The message is one sentence for them: what is wrong, where (file, field, value) and what to do.
/// The console program prints it without a stack trace and exits with code 2.
/// </summary>
public sealed class InputException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">One sentence: what, where, what to do.</param>
    public InputException(string message) : base(message) { }

    /// <summary>Creates the exception with the failure that it explains.</summary>
    /// <param name="message">One sentence: what, where, what to do.</param>
    /// <param name="innerException">The failure that the sentence explains.</param>
    public InputException(string message, Exception innerException) : base(message, innerException) { }
}
