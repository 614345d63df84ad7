namespace TorchLm.Data.Fables.Engine;

/// <summary>
/// Something a text can remember and speak of again: an animal, a place, a season. Two entities are the same only if they
/// are one object.
/// </summary>
public sealed class Entity
{
    private readonly Dictionary<string, Node> _attributes;
    private readonly Dictionary<string, WeightedList<Entity>> _lists;

    /// <summary>Creates an entity.</summary>
    /// <param name="attributes">Names and templates (<see cref="Template"/>) of what can be said of it.</param>
    /// <param name="lists">Lists of entities that belong to it, from the commonest to the rarest, such as an animal's
    /// names.</param>
    /// <exception cref="GrammarException">A template is malformed.</exception>
    public Entity(
        IEnumerable<(string Name, string Template)> attributes,
        IEnumerable<(string Name, IReadOnlyCollection<Entity> Members)>? lists = null)
    {
        _attributes = attributes.ToDictionary(attribute => attribute.Name, attribute => Template.Parse(attribute.Template));
        _lists = (lists ?? []).ToDictionary(list => list.Name, list => WeightedList.FromCommonest(list.Members));
    }

    /// <summary>What can be said of it.</summary>
    public IReadOnlyDictionary<string, Node> Attributes => _attributes;

    /// <summary>The lists that belong to it.</summary>
    public IReadOnlyDictionary<string, WeightedList<Entity>> Lists => _lists;

    /// <summary>The node that writes attribute <paramref name="name"/>.</summary>
    /// <exception cref="GrammarException">It has no such attribute.</exception>
    public Node Attribute(string name) => _attributes.TryGetValue(name, out Node? node)
        ? node
        : throw new GrammarException(
            $"An entity with the attributes {string.Join(", ", _attributes.Keys)} was asked for '{name}'.");
}
