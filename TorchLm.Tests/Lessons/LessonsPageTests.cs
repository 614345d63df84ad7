using System.Text.RegularExpressions;
using TorchLm.Lessons;
using TorchLm.Tests.Train;

namespace TorchLm.Tests.Lessons;

/// <summary>docs/lessons.md shows what the lessons print and what their files hold.</summary>
public partial class LessonsPageTests
{
    private static readonly string s_folder = Path.Combine(ProgramProcess.RepositoryRoot, "docs");

    private static readonly string s_page = File.ReadAllText(Path.Combine(s_folder, "lessons.md"));

    /// <summary>Lessons that train in float32, whose last digits differ between processors.</summary>
    private static readonly string[] s_inSingle = ["tokens", "rnn", "attention", "tiny-transformer", "gpt"];

    public static TheoryData<string> All => [.. LessonCatalog.All.Select(l => l.Name)];

    [Theory]
    [MemberData(nameof(All))]
    public void Its_excerpts_are_what_the_lesson_prints(string name)
    {
        Func<string, string> same = s_inSingle.Contains(name) ? WithoutNumbers : line => line.Trim();
        string[] printed = [.. LessonRun.Of(name).Output.Split('\n').Select(same)];
        string[][] excerpts = [.. Blocks(Section(name), "text").Select(b => b.Select(same).ToArray())];
        Assert.NotEmpty(excerpts);
        foreach (string[] excerpt in excerpts)
        {
            bool found = Enumerable.Range(0, Math.Max(0, printed.Length - excerpt.Length + 1)).Any(start => printed.AsSpan(start, excerpt.Length).SequenceEqual(excerpt));
            string missing = excerpt.FirstOrDefault(line => !printed.Contains(line)) ?? excerpt[0];
            Assert.True(found, $"{name} does not print, in a row:\n{string.Join('\n', excerpt)}\n(first: {missing})");
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Its_code_stands_in_the_lessons_file(string name)
    {
        string file = LessonCatalog.Find(name).GetType().Name + ".cs";
        string source = string.Concat(File.ReadAllText(Path.Combine(ProgramProcess.RepositoryRoot, "TorchLm.Lessons", file)).Where(c => !char.IsWhiteSpace(c)));
        foreach (string[] block in Blocks(Section(name), "csharp"))
        {
            Assert.Contains(string.Concat(string.Concat(block).Where(c => !char.IsWhiteSpace(c))), source, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Its_pictures_are_all_shown(string name)
    {
        string[] shown = [.. Picture().Matches(Section(name)).Select(m => m.Groups["file"].Value)];
        Assert.Equal(LessonRun.Of(name).Result.Pictures.Select(p => "lessons/" + Path.GetFileName(p)).Order(), shown.Order());
        Assert.All(shown, file => Assert.True(new FileInfo(Path.Combine(s_folder, file)).Length > 5000, file));
        Assert.All(Picture().Matches(Section(name)), m => Assert.NotEmpty(m.Groups["words"].Value));
    }

    [Fact]
    public void It_tells_all_lessons_in_their_order() =>
        Assert.Equal(LessonCatalog.All.Select(l => $"## {LessonCatalog.NumberOf(l)}. {l.Name}: {l.Title}"), s_page.Split('\n').Where(l => l.StartsWith("## ", StringComparison.Ordinal)));

    [Fact]
    public void Its_table_of_contents_leads_to_the_headings()
    {
        HashSet<string> anchors = [.. s_page.Split('\n').Where(l => l.StartsWith("## ", StringComparison.Ordinal)).Select(l => NotInAnchor().Replace(l[3..].ToLowerInvariant(), "").Replace(' ', '-'))];
        string[] links = [.. Link().Matches(s_page).Select(m => m.Groups["anchor"].Value)];
        Assert.Equal(LessonCatalog.All.Count, links.Length);
        Assert.All(links, link => Assert.Contains(link, anchors));
    }

    private static string Section(string name)
    {
        int start = s_page.IndexOf($". {name}: ", StringComparison.Ordinal);
        int end = s_page.IndexOf("\n## ", start, StringComparison.Ordinal);
        return s_page[start..(end < 0 ? s_page.Length : end)];
    }

    private static IEnumerable<string[]> Blocks(string section, string language)
    {
        foreach (Match block in Regex.Matches(section, $"```{language}\n(.*?)\n```", RegexOptions.Singleline)) yield return block.Groups[1].Value.Split('\n');
    }

    private static string WithoutNumbers(string line) => Blanks().Replace(Number().Replace(line, "#"), " ").Trim();

    [GeneratedRegex(@"-?\d[\d,]*(\.\d+)?(e[+-]?\d+)?")]
    private static partial Regex Number();

    [GeneratedRegex(@" +")]
    private static partial Regex Blanks();

    [GeneratedRegex(@"!\[(?<words>[^\]]*)\]\((?<file>[^)]+)\)")]
    private static partial Regex Picture();

    [GeneratedRegex(@"[^a-z0-9 \-_]")]
    private static partial Regex NotInAnchor();

    [GeneratedRegex(@"\]\(#(?<anchor>[^)]+)\)")]
    private static partial Regex Link();
}
