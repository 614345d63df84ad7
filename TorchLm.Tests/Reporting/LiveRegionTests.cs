using Spectre.Console;
using TorchLm.Train.Reporting;

namespace TorchLm.Tests.Reporting;

public sealed class LiveRegionTests : IDisposable
{
    private readonly Screen _screen = new(40, 12);
    private readonly LiveRegion _region;

    public LiveRegionTests() => _region = new LiveRegion(_screen, () => (_screen.Width, _screen.Height));

    public void Dispose()
    {
        _region.Dispose();
        _screen.Dispose();
    }

    [Fact]
    public void What_is_shown_takes_the_place_of_what_was_there_and_lines_stay_above()
    {
        _region.Show((_, _) => new Rows(new Text("one"), new Text("two"), new Text("three")));
        _region.Show((_, _) => new Rows(new Text("1"), new Text("2")));
        Assert.Equal(["1", "2"], _screen.Lines());
        _region.WriteLine("stays");
        Assert.Equal(["stays"], _screen.Lines());
        _region.Show((_, _) => new Markup("[bold red]again[/]"));
        Assert.Equal(["stays", "again"], _screen.Lines());
        _region.Dispose();
        Assert.Equal(["stays"], _screen.Lines());
        _region.Show((_, _) => new Text("late"));
        Assert.Equal(["stays"], _screen.Lines());
    }

    [Theory]
    [InlineData(17)]
    [InlineData(13)]
    [InlineData(80)]
    public void A_window_that_changes_its_width_keeps_no_remains(int width)
    {
        _region.WriteLine("stays");
        _region.Show((columns, _) => new Rows(new Text(new string('a', columns)), new Text(new string('b', 20)), new Text("c")));
        Assert.Equal(4, _screen.Lines().Length);
        _screen.Resize(width, 30);
        _region.Show((columns, _) => new Text($"{columns} now"));
        Assert.Equal(["stays", $"{width - 1} now"], _screen.Lines());
    }

    [Fact]
    public void It_is_never_higher_than_the_window()
    {
        _screen.Resize(40, 5);
        for (int i = 0; i < 3; i++) _region.Show((_, _) => new Rows(Enumerable.Range(0, 50).Select(n => new Text($"{n}"))));
        Assert.Equal(["0", "1", "2", "3"], _screen.Lines());
        _region.Dispose();
        Assert.Empty(_screen.Lines());
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 3)]
    public void The_smallest_windows_are_survived(int width, int height)
    {
        _screen.Resize(width, height);
        _region.Show((_, _) => new Rows(new Text("some words"), new Text("more")));
        _region.Dispose();
        Assert.Empty(_screen.Lines());
    }
}
