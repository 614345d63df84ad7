using System.Text;
using TorchLm.Core.Training;

namespace TorchLm.Tests.Hostile;

/// <summary>Damaged metrics: a resumed run goes on, with the lines that are whole.</summary>
public sealed class MetricsFuzzTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Damaged_lines_are_kept_or_dropped()
    {
        string[] lines = [.. Enumerable.Range(1, 6).Select(i => $"{{\"step\":{i},\"tokens\":{100 * i},\"train_loss\":2.5,\"lr\":0.001,\"grad_norm\":null}}")];
        Fuzzer.Run("metrics.jsonl", 1000, seed => Damaged(lines, seed), bytes =>
        {
            string path = _folder.Write("metrics.jsonl", bytes);
            new MetricsFile(path, continueAt: 3).Dispose();
            string[] kept = File.ReadAllLines(path);
            if (kept.Length > 0) Assert.Contains(lines[0], kept);
        }, leastRefused: 0);
    }

    /// <summary>All lines but the first are damaged, one after the other.</summary>
    private static byte[] Damaged(string[] lines, int seed) =>
        [.. Encoding.UTF8.GetBytes(lines[0] + "\n"), .. lines.Skip(1).SelectMany((line, i) => JsonMutation.Of(Encoding.UTF8.GetBytes(line), 10 * seed + i).Append((byte)'\n'))];
}
