namespace TorchLm.Data.Fables.Engine;

/// <summary>A grammar contradicts itself: a missing rule, a malformed template, a slot read before it is filled. A bug in
/// the tables.</summary>
public sealed class GrammarException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">Which table, rule or template, and what is wrong with it.</param>
    public GrammarException(string message) : base(message) { }
}
