using TorchLm.Core.Training;

namespace TorchLm.Tests.Training;

public class SessionLogTests
{
    private static readonly SessionInfo s_first = new(0, new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero), "1.0", "Linux, X64", "a CPU", "cpu", 2, "bf16", 1e11, 8L << 30, "2.10");

    [Fact]
    public void Each_call_is_a_line_and_a_damaged_one_is_passed_over()
    {
        using var folder = new TemporaryFolder();
        string path = folder["sessions.jsonl"];
        Assert.Empty(SessionLog.Read(path));
        SessionLog.Append(path, s_first);
        File.AppendAllText(path, "{\"step\":1,\"sta");
        SessionInfo second = s_first with { Step = 40, Device = "cuda:0 (a card)", MemoryBytes = null };
        SessionLog.Append(path, second);
        Assert.Equal([s_first, second], SessionLog.Read(path));
        SessionLog.Append(path, s_first);
        Assert.Equal([s_first], SessionLog.Read(path)); // a run that begins anew
    }
}
