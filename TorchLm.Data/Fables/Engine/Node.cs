namespace TorchLm.Data.Fables.Engine;

/// <summary>
/// A piece of a grammar. The grammar is data: <see cref="Sampler"/> writes a text from it and <see cref="DerivationParser"/>
/// finds every way in which it could have written a given text.
/// </summary>
public abstract record Node;

/// <summary>Writes these characters.</summary>
public sealed record Literal(string Text) : Node;

/// <summary>Writes the parts one after the other.</summary>
public sealed record Sequence(IReadOnlyList<Node> Parts) : Node;

/// <summary>Writes one of the alternatives, drawn by weight.</summary>
public sealed record Choice(WeightedList<Node> Alternatives) : Node;

/// <summary>Writes what the rule of this name writes.</summary>
public sealed record Expand(string Rule) : Node;

/// <summary>
/// Draws an entity that this text has not remembered yet (by weight among those), keeps it in <paramref name="Slot"/>, and
/// writes one of its attributes. Drawing and writing are one step: what is remembered is always seen.
/// </summary>
/// <param name="Slot">Where the entity is kept; what the slot held before is no longer readable.</param>
/// <param name="Owner">The slot whose entity owns the list to draw from, or null for a list of the grammar.</param>
/// <param name="List">Name of the list to draw from.</param>
/// <param name="Attribute">What is written.</param>
public sealed record Remember(string Slot, string? Owner, string List, string Attribute) : Node;

/// <summary>Writes an attribute of the entity kept in a slot.</summary>
public sealed record Recall(string Slot, string Attribute) : Node;

/// <summary>The next thing written begins with a capital letter.</summary>
public sealed record Capital : Node;

/// <summary>"a " or "an ", whichever suits the letter that comes next.</summary>
public sealed record Article : Node;
