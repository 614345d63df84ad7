using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Runtime.InteropServices;
using TorchLm.Core.Model;
using TorchLm.Core.Training;
using static TorchSharp.torch;

namespace TorchLm.Tests.Native;

/// <summary>
/// TorchSharp 0.107 hands a Scalar's native pointer to libtorch and does not keep the object alive meanwhile. A Scalar that nobody else holds, such as
/// the 1 in <c>a + b</c> (a + 1·b) or the 0.5 in <c>x.mul_(0.5)</c>, is freed under libtorch's hands when a garbage collection happens just then.
/// </summary>
public class ScalarLifetimeTests
{
    private static readonly string[] s_operators = ["op_Addition", "op_Subtraction", "op_Multiply", "op_Division", "op_Modulus", "op_UnaryNegation"];

    [Fact]
    public void Core_uses_no_operator_that_makes_a_Scalar_of_its_own()
    {
        using var file = new PEReader(File.OpenRead(typeof(Gpt).Assembly.Location));
        MetadataReader metadata = file.GetMetadataReader();
        string[] used =
        [
            .. metadata.MemberReferences.Select(metadata.GetMemberReference).Where(m => m.Parent.Kind == HandleKind.TypeReference)
                .Select(m => (Type: metadata.GetString(metadata.GetTypeReference((TypeReferenceHandle)m.Parent).Name), Name: metadata.GetString(m.Name),
                    Parameters: ParameterCount(metadata.GetBlobReader(m.Signature))))
                .Where(m => (m.Type == "Scalar" && m.Name == "op_Implicit")
                    || (m.Type == "Tensor" && (s_operators.Contains(m.Name) || (m.Name is "add" or "add_" or "sub" or "sub_" && m.Parameters == 1))))
                .Select(m => $"{m.Type}.{m.Name}").Distinct(),
        ];
        Assert.Empty(used);
    }

    [Fact]
    public void A_model_computes_the_same_while_garbage_is_collected_all_the_time()
    {
        using Gpt model = TinyGpt.WithWideWeights(TinyGpt.Config with { LayerCount = 12 });
        using Batch batch = RandomBatches.Make(1, 1, 8, 11);
        using var noGradient = no_grad();
        float expected = Loss();
        for (int i = 0; i < 200; i++) Assert.Equal(expected, Loss()); // until the code that runs is the optimised one

        using var stop = new CancellationTokenSource();
        var collector = new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                GC.Collect(0);
                GC.WaitForPendingFinalizers();
            }
        });
        collector.Start();
        try
        {
            for (int i = 0; i < 1000; i++) Assert.Equal(expected, Loss());
        }
        catch (ExternalException failure)
        {
            Assert.Fail("libtorch read memory that was freed: " + failure.Message.Split('\n')[0]);
        }
        finally
        {
            stop.Cancel();
            collector.Join();
        }

        float Loss()
        {
            using Tensor loss = model.Loss(batch.Inputs, batch.Targets);
            return loss.item<float>();
        }
    }

    /// <summary>ECMA-335 II.23.2.2: the calling convention, then the number of parameters.</summary>
    private static int ParameterCount(BlobReader signature)
    {
        signature.ReadByte();
        return signature.ReadCompressedInteger();
    }
}
