using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace TorchLm.Core.Configuration;

/// <summary>
/// What settings mean, in the words of their properties' documentation: the file that the compiler makes of it lies beside the program.
/// </summary>
internal static partial class SettingDescriptions
{
    private static readonly Lazy<Dictionary<string, string>> s_all = new(Read);

    /// <summary>A property's description in plain text; null where the documentation is not there.</summary>
    public static string? Of(PropertyInfo property) => s_all.Value.GetValueOrDefault($"P:{property.DeclaringType!.FullName}.{property.Name}");

    private static Dictionary<string, string> Read()
    {
        string file = Path.Combine(AppContext.BaseDirectory, $"{typeof(RunConfig).Assembly.GetName().Name}.xml");
        if (!File.Exists(file)) return [];
        return XDocument.Load(file).Descendants("member").Where(member => member.Element("summary") is not null)
            .ToDictionary(member => member.Attribute("name")!.Value, member => Plain(member.Element("summary")!));
    }

    private static string Plain(XElement summary)
    {
        IEnumerable<string> parts = summary.Nodes().Select(node => node switch
        {
            XElement { Name.LocalName: "see" } see => ConfigSetting.Camel(see.Attribute("cref")!.Value.Split('.')[^1]),
            XElement element => element.Value,
            _ => node.ToString(),
        });
        return Blanks().Replace(string.Concat(parts), " ").Trim();
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
