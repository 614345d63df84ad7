namespace TorchLm.Data.Fables;

/// <summary>One generated fable and what it costs to describe.</summary>
/// <param name="Text">Title, paragraphs and moral: printable ASCII and '\n', ending with a blank line ("\n\n"), which occurs
/// nowhere else.</param>
/// <param name="Nats">−ln p(<paramref name="Text"/>) under the grammar, in nats: exact, because every text has one
/// derivation only.</param>
public sealed record Fable(string Text, double Nats);
