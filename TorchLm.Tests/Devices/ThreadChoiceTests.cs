using TorchLm.Core;
using TorchLm.Core.Devices;

namespace TorchLm.Tests.Devices;

/// <summary>The number of threads on machines that are pretended by their answers.</summary>
public class ThreadChoiceTests
{
    [Theory]
    [InlineData(8, 16, 8, "one for each physical core")]            // hyper-threading
    [InlineData(8, 8, 8, "one for each physical core")]
    [InlineData(64, 4, 4, "this process may use 4 processors")]     // a container's quota
    [InlineData(2, 1, 1, "this process may use 1 processor")]
    [InlineData(null, 6, 6, "libtorch's number, within this process's processors")]
    [InlineData(null, 32, 12, "libtorch's number, within this process's processors")]
    public void The_default_is_the_physical_cores_within_the_container_s_limit(int? cores, int processors, int expected, string reason)
    {
        ThreadChoice choice = ThreadChoice.Of(null, variable: null, cores, processors, () => 12);
        Assert.Equal(new ThreadChoice(expected, reason), choice);
    }

    [Theory]
    [InlineData("3", 3)]
    [InlineData("3,2", 3)] // OpenMP: a number for each level of nesting
    [InlineData("", 8)]
    [InlineData("all", 8)]
    [InlineData("0", 8)]
    [InlineData("-1", 8)]
    public void OMP_NUM_THREADS_sets_the_default(string variable, int expected) =>
        Assert.Equal(expected, ThreadChoice.Of(null, variable, physicalCores: 8, processors: 16, () => 12).Count);

    [Fact]
    public void What_is_asked_for_counts_most() => Assert.Equal(5, ThreadChoice.Of(5, "3", physicalCores: 8, processors: 16, () => 12).Count);

    [Theory]
    [InlineData(16, null)]
    [InlineData(17, "--threads is 17, but this process may use 16 processors: more threads than that wait for each other.")]
    public void More_threads_than_processors_are_allowed_with_a_warning(int asked, string? warning)
    {
        ThreadChoice choice = ThreadChoice.Of(asked, null, physicalCores: 8, processors: 16, () => 12);
        Assert.Equal(asked, choice.Count);
        Assert.Equal(warning, choice.Warning);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-2)]
    [InlineData(1025)]
    public void An_impossible_number_is_one_sentence(int asked)
    {
        var failure = Assert.Throws<InputException>(() => ThreadChoice.Of(asked, null, 8, 16, () => 12));
        Assert.Equal($"--threads is {asked}, but it must be from 1 to 1024.", failure.Message);
    }

    [Theory]
    [InlineData(8, 1, 16, 16, 16, 8, "one for each physical core")] // alone
    [InlineData(8, 2, 16, 16, 16, 4, "2 processes share the cores")]
    [InlineData(8, 3, 16, 16, 16, 2, "3 processes share the cores")]
    [InlineData(8, 20, 16, 16, 16, 1, "20 processes share the cores")]
    [InlineData(1, 2, 1, 1, 2, 1, "one for each physical core")]    // bound to a core each
    [InlineData(16, 4, 32, 32, 64, 8, "4 processes share the cores")] // bound to a socket, two of them to each
    [InlineData(4, 2, 4, 64, 64, 2, "2 processes share the cores")] // a container's quota of 4
    public void Processes_on_a_machine_share_its_cores_unless_they_are_bound_to_their_own(int count, int ranks, int processors, int allowed, int online, int expected, string reason) =>
        Assert.Equal(new ThreadChoice(expected, reason), new ThreadChoice(count, "one for each physical core").Shared(ranks, processors, allowed, online));

    [Fact]
    public void What_is_asked_for_is_each_process_s_own() =>
        Assert.Equal(3, ThreadChoice.Of(null, "3", 8, 16, () => 12).Shared(4, 16, 16, 16).Count);
}
