using System.CommandLine;

namespace TorchLm.Train.CommandLine;

/// <summary>Something whose help ends with examples.</summary>
internal interface IDocumented
{
    /// <summary>Whole command lines, each of which is possible.</summary>
    IReadOnlyList<string> Examples { get; }
}

/// <summary>A command with examples, and with options that stand in groups in its help.</summary>
internal sealed class DocumentedCommand(string name, string description, IReadOnlyList<string> examples) : Command(name, description), IDocumented
{
    private readonly Dictionary<Option, string> _groups = [];

    public IReadOnlyList<string> Examples => examples;

    /// <summary>Adds options that stand under a heading of their own.</summary>
    public void Add(string heading, params IEnumerable<Option> options)
    {
        foreach (Option option in options)
        {
            _groups[option] = heading;
            Add(option);
        }
    }

    /// <summary>The heading that an option stands under; null is the ordinary one.</summary>
    public string? Heading(Option option) => _groups.GetValueOrDefault(option);
}

/// <summary>The program itself, with examples.</summary>
internal sealed class DocumentedRoot(string description, IReadOnlyList<string> examples) : RootCommand(description), IDocumented
{
    public IReadOnlyList<string> Examples => examples;
}
