using TorchLm.Core.Devices;
using TorchSharp;

namespace TorchLm.Train.Reporting;

/// <summary>Something that should be so.</summary>
/// <param name="Question">What is checked.</param>
/// <param name="Passed">Whether it is so.</param>
/// <param name="Remedy">What to do where it is not.</param>
/// <param name="IsEssential">Whether nothing works without it; else it is a matter of speed.</param>
internal sealed record Check(string Question, bool Passed, string Remedy, bool IsEssential);

/// <summary>What training needs of a machine.</summary>
internal static class SystemChecks
{
    private const long EnoughDisk = 2_000_000_000, EnoughMemory = 2_000_000_000;

    public static IReadOnlyList<Check> Run()
    {
        bool loaded = SystemFacts.IsLoaded(out string? failure);
        IReadOnlyList<CudaGpu> gpus = CudaDriver.List(out string? reason);
        GCMemoryInfo memory = SystemFacts.Memory();
        var checks = new List<Check>
        {
            new("libtorch loads and computes", loaded, failure ?? "", true),
            new("this folder can be written to", CanWrite(out string writing), $"{writing} Start in another folder, or give --out.", true),
            new("2 GB of disk are free", SystemFacts.FreeDisk() >= EnoughDisk, "Checkpoints may not fit: make room, or give --out on another disk.", false),
            new("2 GB of memory are free", memory.TotalAvailableMemoryBytes - memory.MemoryLoadBytes >= EnoughMemory,
                "Large models may not fit: close other programs, or choose a smaller model.", false),
            new("an NVIDIA GPU is there", gpus.Count > 0, $"Training runs on the CPU ({reason}). With a GPU, install NVIDIA's driver.", false),
        };
        if (gpus.Count == 0) return checks;
        checks.Add(new Check("this build can use it", SystemFacts.Backend != "cpu", "Build with CUDA: dotnet build -c Release -p:TorchBackend=cuda", false));
        checks.Add(new Check("CUDA computes", loaded && SystemFacts.Backend != "cpu" && torch.cuda.is_available(),
            "libtorch finds no usable CUDA device: update NVIDIA's driver (CUDA 12.8 or newer), and check with nvidia-smi.", false));
        checks.Add(new Check("it computes in bf16", gpus[0].SupportsBFloat16, "Older than Ampere: training uses float32.", false));
        return checks;
    }

    private static bool CanWrite(out string failure)
    {
        string probe = Path.Combine(Environment.CurrentDirectory, $".torchlm-{Environment.ProcessId}.tmp");
        try
        {
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
            failure = "";
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            failure = e.Message;
            return false;
        }
    }
}
