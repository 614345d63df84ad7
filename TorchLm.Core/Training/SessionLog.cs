using System.Text.Json;
using TorchLm.Core.Checkpoints;

namespace TorchLm.Core.Training;

/// <summary>What a call of a training program ran on, for those who read its results later.</summary>
/// <param name="Step">The step that it began at.</param>
/// <param name="Started">When.</param>
/// <param name="Version">The program's version.</param>
/// <param name="System">Operating system and architecture.</param>
/// <param name="Processor">The CPU's name and its processors.</param>
/// <param name="Device">Where it computed.</param>
/// <param name="Threads">CPU threads for one operation.</param>
/// <param name="Precision">What products were computed in.</param>
/// <param name="PeakFlops">The device's measured peak in that precision, in floating-point operations per second.</param>
/// <param name="MemoryBytes">The memory that the device has.</param>
/// <param name="Libtorch">libtorch's version.</param>
public sealed record SessionInfo(long Step, DateTimeOffset Started, string Version, string System, string Processor, string Device, int Threads, string Precision,
    double PeakFlops, long? MemoryBytes, string Libtorch);

/// <summary>sessions.jsonl: a JSON object a line for each call that trained the run.</summary>
public static class SessionLog
{
    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Adds a line; the first call of a run begins the file.</summary>
    /// <exception cref="IOException">The disk refuses it.</exception>
    public static void Append(string path, SessionInfo session)
    {
        string before = session.Step > 0 && File.Exists(path) ? File.ReadAllText(path) : "";
        if (before.Length > 0 && !before.EndsWith('\n')) before += "\n";
        DurableFile.WriteText(path, before + JsonSerializer.Serialize(session, s_json) + "\n");
    }

    /// <summary>All lines that can be read, in their order; none where there is no file.</summary>
    public static IReadOnlyList<SessionInfo> Read(string path) =>
        File.Exists(path) ? [.. File.ReadLines(path).Select(Parse).OfType<SessionInfo>()] : [];

    private static SessionInfo? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<SessionInfo>(line, s_json);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null; // damaged: it decides nothing
        }
    }
}
