using System.Diagnostics;

namespace TorchLm.Tests.Support;

/// <summary>Needs a small disk of its own, which root alone may make; skipped where that is not allowed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class TmpfsFactAttribute : FactAttribute
{
    private static readonly Lazy<string?> s_reason = new(Try);

    public TmpfsFactAttribute() => Skip = s_reason.Value;

    private static string? Try()
    {
        if (!OperatingSystem.IsLinux()) return "Linux only";
        if (Environment.UserName != "root") return "only root may mount a tmpfs";
        string folder = Directory.CreateTempSubdirectory("torchlm-test-").FullName;
        try
        {
            return Run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder) && Run("umount", folder) ? null : "no tmpfs can be mounted here";
        }
        finally
        {
            Directory.Delete(folder);
        }
    }

    private static bool Run(string command, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
