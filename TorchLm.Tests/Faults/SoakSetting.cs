using System.Globalization;

namespace TorchLm.Tests.Faults;

/// <summary>What the environment says about the long version of the fault tests.</summary>
internal static class SoakSetting
{
    /// <summary>Whether the long version was asked for.</summary>
    public static bool IsLong => Of("TORCHLM_SOAK_MINUTES", 0) > 0;

    /// <summary>A number, or what is said otherwise.</summary>
    public static int Of(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : otherwise;

    /// <summary>Writes the figures so far beside the file that TORCHLM_SOAK_REPORT names, if it names one.</summary>
    public static void Write(FaultReport report, string part)
    {
        if (Environment.GetEnvironmentVariable("TORCHLM_SOAK_REPORT") is { Length: > 0 } path) File.WriteAllText($"{path}.{part}.md", report.ToMarkdown());
    }
}
